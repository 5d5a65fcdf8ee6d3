"""Text to `Document`: one small syntax tree for all formats, every piece with its exact place.

Knows grammar, not meaning.
"""
