"""Edits that change one thing and nothing else, and the only code that writes files."""
