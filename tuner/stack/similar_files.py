"""Which file may be meant where an include names one that is not there."""

import posixpath
from collections.abc import Iterable

LIKENESS = 0.5
"""The stems of two names are called similar from here on (`difflib`, 0 to 1)."""
LENGTH_CAP = 60
NAMES_CAP = 200


def did_you_mean(written: str, names: Iterable[str]) -> str:
    """Return `; did you mean X?` for an include of `written`, which is not there; empty if none is similar.

    `names` are the files that lie in its folder.
    """
    # Loaded only for a file that is missing: a check of sound files does not wait for it.
    from difflib import get_close_matches

    folder, name = posixpath.split(written)
    stems = {_stem(other): other for other in sorted(set(names))[:NAMES_CAP]}
    found = get_close_matches(_stem(name), list(stems), 1, LIKENESS)
    return f"; did you mean {posixpath.join(folder, stems[found[0]])}?" if found else ""


def _stem(name: str) -> str:
    return posixpath.splitext(name)[0][:LENGTH_CAP]
