"""Findings and stacks to text and JSON. Knows no rule files, opens no files."""
