"""nginx access logs of any log_format: which requests came for PHP, when, and how they ended."""
