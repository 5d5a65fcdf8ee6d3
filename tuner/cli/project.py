"""`fpmtune.toml`, or `[tool.fpmtune]` in `pyproject.toml`: what a project says once for all."""

import os
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tuner.errors import UsageError

NAMES = ("fpmtune.toml", "pyproject.toml")


class Project(BaseModel):
    """The settings of one project; the command line wins over each of them."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True, defer_build=True)

    target: str = ""
    select: list[str] = []
    ignore: list[str] = []
    exclude: list[str] = []
    fail_on: Literal["error", "warning", "info", "never"] = Field("warning", alias="fail-on")
    roots: dict[str, str] = {}


def load_project(config: str | None, start: str) -> tuple[Project, Path | None]:
    """Return the settings of `config`, or of the nearest file above `start`, and where they were found.

    Raises UsageError with the file's path when it cannot be read or holds something unknown.
    """
    path = Path(config) if config else _search(Path(start).resolve())
    if path is None:
        return Project(), None
    table = _table(path)
    try:
        return Project.model_validate(table), path
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"{path}: {where}: {first['msg']}") from None


def _search(start: Path) -> Path | None:
    for folder in (start, *start.parents):
        for name in NAMES:
            candidate = folder / name
            if os.path.isfile(candidate) and (name != "pyproject.toml" or _has_table(candidate)):
                return candidate
    return None


def _has_table(pyproject: Path) -> bool:
    try:
        return _own_table(tomllib.loads(pyproject.read_text(encoding="utf-8"))) is not None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError):
        return False


def _own_table(document: dict[str, Any]) -> object:
    tool = document.get("tool")
    return tool.get("fpmtune") if isinstance(tool, dict) else None


def _table(path: Path) -> dict[str, Any]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path}: {error}") from None
    except RecursionError:
        raise UsageError(f"{path}: nested too deep") from None
    if path.name != "pyproject.toml":
        return document
    table = _own_table(document)
    if not isinstance(table, dict):
        raise UsageError(f"{path}: there is no table [tool.fpmtune]")
    return table
