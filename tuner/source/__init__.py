"""Bytes to text with places: spans, lines and columns, masking, and the files of a tree.

Knows nothing of any format.
"""
