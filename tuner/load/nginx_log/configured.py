"""The log formats of an nginx configuration, by name, and the one that a log file is written in."""

from collections.abc import Iterable
from typing import NamedTuple

from tuner.formats.document import Directive, Document
from tuner.load.nginx_log.log_format import COMBINED, ESCAPES, LogFormat

_ESCAPE = "escape="


class AccessLog(NamedTuple):
    """One access_log directive: the file, and the name of its format."""

    path: str
    format_name: str


def log_formats(documents: Iterable[Document]) -> dict[str, LogFormat]:
    """Return every log_format of these files by its name, and nginx's own `combined`."""
    found = {"combined": LogFormat(COMBINED)}
    for directive in _named("log_format", documents):
        name, *words = [word.text for word in directive.args] or [""]
        escape = words.pop(0).removeprefix(_ESCAPE) if words and words[0].startswith(_ESCAPE) else "default"
        known = next((known for known in ESCAPES if known == escape), None)
        if name and words and known and not any(word.unknown for word in directive.args):
            found[name] = LogFormat("".join(words), known)
    return found


def access_logs(documents: Iterable[Document]) -> list[AccessLog]:
    """Return every access_log of these files that names a file."""
    found = []
    for directive in _named("access_log", documents):
        path, *rest = [word.text for word in directive.args] or ["off"]
        if path != "off":
            is_named = bool(rest) and "=" not in rest[0]
            found.append(AccessLog(path, rest[0] if is_named else "combined"))
    return found


def format_of(log_path: str, documents: list[Document]) -> LogFormat:
    """Return the format in which nginx writes this log: by the file's name without `.1`, `.gz`, `-20261121`.

    Raises ValueError, saying what to give, where the files name no such log or several formats for it.
    """
    stem = rotated_stem(log_path)
    formats = log_formats(documents)
    names = {log.format_name for log in access_logs(documents) if rotated_stem(log.path) == stem}
    if len(names) != 1:
        found = f"{len(names)} formats" if names else "no access_log"
        raise ValueError(f"the nginx files have {found} for {stem!r}: give --log-format")
    (name,) = names
    if name not in formats:
        raise ValueError(f"the nginx files do not define log_format {name!r}: give --log-format")
    return formats[name]


def rotated_stem(path: str) -> str:
    """Return a log file's name as it was before logrotate moved and compressed it."""
    name = path.rpartition("/")[2].removesuffix(".gz")
    stem, dot, number = name.rpartition(".")
    if dot and number.isdigit():
        name = stem
    stem, dash, date = name.rpartition("-")
    return stem if dash and date.isdigit() and len(date) in (8, 10) else name


def _named(name: str, documents: Iterable[Document]) -> Iterable[Directive]:
    for document in documents:
        for directive in document.walk():
            if directive.name.text == name:
                yield directive
