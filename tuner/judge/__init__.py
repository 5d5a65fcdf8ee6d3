"""`Stack` and rules to findings. Knows no output format."""
