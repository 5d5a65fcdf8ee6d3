"""How a run ends; of several 2 beats 1 beats 3 beats 0."""

CLEAN, FINDINGS, FAILURE, NOTHING_CHECKED = 0, 1, 2, 3
INTERRUPTED = 130
"""By Ctrl-C, as shells say it: 128 and the number of the signal."""
