"""Reads this machine; imported only when the target is the host."""
