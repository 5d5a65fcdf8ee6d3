"""Documents to `Stack`: one host's request path, every value with its origin. Knows no rules."""
