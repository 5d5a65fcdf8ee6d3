"""What somebody may have meant who wrote a directive that php-fpm does not know."""

from collections.abc import Iterable

from tuner.stack.php_fpm.directives import Section, rows

OTHER: dict[Section, Section] = {"global": "pool", "pool": "global"}
INCLUDE = "include"
LENGTH_CAP = 60


def instead_of(name: str, section: Section, *, has_key: bool) -> str:
    """Return the advice about an unknown name as the end of a sentence, empty where nothing is near."""
    small = name.lower()
    if has_key:
        near = _near(small, rows("arrays"))
        return f"; did you mean {near}[...]?" if near else ""
    if small == INCLUDE:
        return ": only small letters are known, as in include"
    if small in rows("arrays"):
        return f": it needs a key, as in {small}[NAME]"
    if small in rows(OTHER[section]) and not rows(OTHER[section])[small].platform:
        belongs = "a pool" if section == "global" else "[global]"
        return f" here: it belongs to {belongs}"
    if small in rows(section):
        return f": only PHP on {rows(section)[small].platform} has it"
    near = _near(small, rows(section))
    return f"; did you mean {near}?" if near else ""


def _near(name: str, known: Iterable[str]) -> str:
    # Loaded only for a name that is wrong: a check of sound files does not wait for it.
    from difflib import get_close_matches

    found = get_close_matches(name[:LENGTH_CAP], list(known), 1, 0.75)
    return found[0] if found else ""
