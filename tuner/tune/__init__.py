"""Recommends the numbers that the traffic needs, says what they will do, and writes them into files."""
