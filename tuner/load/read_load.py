"""A load file read back, and where it is wrong."""

import os
import stat
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from tuner.errors import InputError
from tuner.load.load_file import SCHEMA_VERSION, LoadFile

if TYPE_CHECKING:
    from ruamel.yaml.nodes import Node

MOST_FILE_BYTES = 64 << 20
_OF_THE_KEY = "[key]"
"""What pydantic adds to the location of a key that is wrong."""

_Location = tuple[str | int, ...]


def read_load(path: str) -> LoadFile:
    """Return the load file at a path. Raises InputError with line and column where it is not one."""
    text = _text_of(path)
    found = _loaded(path, text)
    if not isinstance(found, dict):
        raise InputError(f"{path}:1:1", "is not a load file: that is a mapping with schema_version and pools")
    if found.get("schema_version", SCHEMA_VERSION) != SCHEMA_VERSION:
        where = _place(path, text, ("schema_version",))
        version = found["schema_version"]
        raise InputError(where, f"is of version {version!r:.20}, and this fpmtune reads {SCHEMA_VERSION}")
    try:
        return LoadFile.model_validate(found)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
    location = first["loc"]
    is_key = location[-1:] == (_OF_THE_KEY,) or first["type"] == "extra_forbidden"
    location = location[:-1] if location[-1:] == (_OF_THE_KEY,) else location
    message = first["msg"].removeprefix("Value error, ")
    words = ": ".join(part for part in (".".join(map(str, location)), message) if part)
    raise InputError(_place(path, text, location, at_key=is_key), words)


def _text_of(path: str) -> str:
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise InputError(path, "is not a regular file")
        with open(path, "rb") as file:
            data = file.read(MOST_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        raise InputError(path, f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(data) > MOST_FILE_BYTES:
        raise InputError(path, "is larger than any load file")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        raise InputError(f"{path}:{line}:{column}", "a byte that is not UTF-8") from None


def _loaded(path: str, text: str) -> Any:  # noqa: ANN401 - whatever the file holds
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        return YAML(typ="safe", pure=True).load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else path
        raise InputError(where, f"is not YAML: {error.problem}") from None
    except YAMLError as error:
        index = getattr(error, "position", None)
        where = path if index is None else _at(path, text, index)
        reason = getattr(error, "reason", None) or str(error).splitlines()[0]
        raise InputError(where, f"is not YAML: {reason}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(path, f"is not YAML: {str(error).splitlines()[0]}") from None


def _place(path: str, text: str, location: _Location, *, at_key: bool = False) -> str:
    """Return `path:line:column` of the value, or its key, to which the location leads, as far as it does."""
    from ruamel.yaml import YAML

    node: Node | None = YAML(typ="safe", pure=True).compose(text)
    if node is None:
        return f"{path}:1:1"
    key = node
    for step in location:
        part = _part(node, step)
        if part is None:
            break
        key, node = part
    mark = (key if at_key else node).start_mark
    return f"{path}:{mark.line + 1}:{mark.column + 1}"


def _part(node: "Node", step: str | int) -> "tuple[Node, Node] | None":
    parts = node.value if isinstance(node.value, list) else []
    if isinstance(step, int) and step < len(parts) and not isinstance(parts[step], tuple):
        return parts[step], parts[step]
    pairs = (part for part in parts if isinstance(part, tuple))
    return next(((key, value) for key, value in pairs if str(key.value) == str(step)), None)


def _at(path: str, text: str, index: int) -> str:
    before = text[:index]
    return f"{path}:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"
