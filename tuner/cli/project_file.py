"""Where a project's settings stand, and the table that is written there."""

import os
import tomllib
from pathlib import Path
from typing import Any

from tuner.errors import UsageError
from tuner.source.regex import regex

NAMES = ("fpmtune.toml", "pyproject.toml")
_POSITION = regex(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def find_settings(start: Path) -> Path | None:
    """Return the nearest `fpmtune.toml`, or `pyproject.toml` with its table, in `start` or above."""
    for folder in (start, *start.parents):
        found = settings_in(folder)
        if found:
            return found
    return None


def settings_in(folder: Path) -> Path | None:
    """Return the file in `folder` itself that holds settings."""
    for name in NAMES:
        candidate = folder / name
        if os.path.isfile(candidate) and (name != "pyproject.toml" or _has_table(candidate)):
            return candidate
    return None


def read_settings(path: Path) -> dict[str, Any]:
    """Return the table of settings in `path`.

    Raises UsageError with the path, and with line and column where it is no TOML.
    """
    document = _document(path)
    if path.name != "pyproject.toml":
        return document
    table = _own_table(document)
    if not isinstance(table, dict):
        raise UsageError(f"{path}: there is no table [tool.fpmtune]")
    return table


def _document(path: Path) -> dict[str, Any]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        text = data.decode("utf-8")
        return tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        raise UsageError(f"{path}:{line}:{column}: byte 0x{data[error.start]:02x} is not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(_syntax_error(path, text, str(error))) from None
    except RecursionError:
        raise UsageError(f"{path}: nested too deep") from None


def _syntax_error(path: Path, text: str, message: str) -> str:
    position = _POSITION.search(message)
    if position is None:
        return f"{path}: {message}"
    lines = text.split("\n")
    line, column = (position[1], position[2]) if position[1] else (len(lines), len(lines[-1]) + 1)
    return f"{path}:{line}:{column}: {message[: position.start()]}"


def _has_table(pyproject: Path) -> bool:
    try:
        return _own_table(tomllib.loads(pyproject.read_text(encoding="utf-8"))) is not None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError):
        return False


def _own_table(document: dict[str, Any]) -> object:
    tool = document.get("tool")
    return tool.get("fpmtune") if isinstance(tool, dict) else None
