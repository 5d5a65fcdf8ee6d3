"""A rule file of the user's: YAML with the line and column of everything in it.

The file may come from a stranger's pull request: its size, depth and number of values are bounded.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from tuner.errors import RuleError
from tuner.judge.rule import OWN, CompiledRule, Example, Expectation, Mitigation, Rule
from tuner.judge.text_place import TextPlace
from tuner.source.tree import SourceFile

if TYPE_CHECKING:
    from ruamel.yaml.constructor import BaseConstructor
    from ruamel.yaml.nodes import Node

SIZE_CAP_BYTES = 256 * 1024
VALUES_CAP = 20_000
"""Aliases make a small file large: so many values, each counted wherever it is used, are read."""
DEPTH_CAP_LEVELS = 12

Location = tuple[str | int, ...]
"""The keys and numbers that lead to a value, as pydantic names it."""


@dataclass(slots=True)
class RuleFile:
    """What a file holds: a rule, or faults. `words` are its id and name as far as they can be read."""

    path: str
    text: str = ""
    nodes: "dict[Location, tuple[Node, Node]]" = field(default_factory=dict)
    rule: CompiledRule | None = None
    faults: list[RuleError] = field(default_factory=list)
    words: set[str] = field(default_factory=set)

    def fault(self, location: Location, message: str, *, at_key: bool = False) -> RuleError:
        """Return the error that says `message` of the value (or its key) at `location`."""
        while location not in self.nodes and location:
            location = location[:-1]
        if location not in self.nodes:
            return RuleError(self.path, message)
        key, value = self.nodes[location]
        return RuleError(self.place((key if at_key else value).start_mark.index), message)

    def place(self, index: int) -> str:
        """Return `path:line:column` of a character of the file."""
        before = self.text[:index]
        return f"{self.path}:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"

    def text_place(self, dotted: str) -> TextPlace:
        """Return the place of the text at a field like `mitigated.when`."""
        location = tuple(int(step) if step.isdigit() else step for step in dotted.split("."))
        if location not in self.nodes:
            return TextPlace(f"{self.path}:{dotted}")
        _, node = self.nodes[location]
        characters = visible_characters(self.text, node)
        start = node.start_mark.index

        def at(count: int) -> str:
            if not characters:
                return self.place(start)
            return self.place(characters[count] if count < len(characters) else characters[-1] + 1)

        return TextPlace(f"{self.path}:{dotted}", dotted, at)


def visible_characters(text: str, node: "Node") -> list[int]:
    """Return where in `text` each non-blank character of a scalar stands.

    Folding moves blanks only, so the characters of the value are those of the file, in order. Empty where
    that is not so: an escape stands for another character than itself.
    """
    start, end = node.start_mark.index, node.end_mark.index
    style = getattr(node, "style", None)
    if style in ("|", ">"):
        start = text.find("\n", start, end) + 1
    elif style in ("'", '"'):
        start, end = start + 1, end - 1
    found = [index for index in range(start, end) if not text[index].isspace()]
    is_exact = "".join(text[index] for index in found) == "".join(node.value.split())
    return found if is_exact else []


def read_rule_file(source: SourceFile) -> RuleFile:
    """Read one file and check its rule in full; what is wrong is kept in its `faults`."""
    file = RuleFile(source.path)
    try:
        _read(file, source)
    except RuleError as error:
        file.faults.append(error)
    return file


def _read(file: RuleFile, source: SourceFile) -> None:
    file.text = _text_of(source)
    data = _load(file)
    if isinstance(data, dict):
        file.words = {word for word in (data.get("id"), data.get("name")) if isinstance(word, str)}
    try:
        rule = Rule.model_validate(data, context=OWN)
    except ValidationError as error:
        file.faults += _model_faults(file, error)
        return
    file.rule = CompiledRule(rule, file.path, file.text_place)
    file.faults += file.rule.faults()


def _text_of(source: SourceFile) -> str:
    if source.text is None:
        raise RuleError(source.path, source.failure)
    if len(source.text.data) > SIZE_CAP_BYTES:
        raise RuleError(source.path, f"larger than {SIZE_CAP_BYTES // 1024} KiB")
    try:
        return source.text.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        position = source.text.position(error.start)
        where = f"{source.path}:{position.line}:{position.column}"
        raise RuleError(where, "a byte that is not UTF-8") from None


def _load(file: RuleFile) -> Any:  # noqa: ANN401 - whatever the file holds
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    yaml = YAML(typ="safe", pure=True)
    try:
        root = yaml.compose(file.text)
        if root is None:
            raise RuleError(f"{file.path}:1:1", "the file is empty")
        _index(file, root)
        return yaml.constructor.construct_document(root)
    except YAMLError as error:
        raise _yaml_fault(file, error) from None
    except RecursionError:
        raise RuleError(file.path, "is not YAML: nested too deep") from None
    except ValueError as error:
        constructor = YAML(typ="safe", pure=True).constructor
        raise file.fault(_unreadable_scalar(file, constructor), f"is not YAML: {error}") from None


def _unreadable_scalar(file: RuleFile, constructor: "BaseConstructor") -> Location:
    """Return where the value lies whose form does not fit: a date of month 13."""
    for location, (_, node) in file.nodes.items():
        if isinstance(node.value, str):
            try:
                constructor.construct_object(node)
            except ValueError:
                return location
    return ()


def _yaml_fault(file: RuleFile, error: Exception) -> RuleError:
    mark = getattr(error, "problem_mark", None)
    index = mark.index if mark else getattr(error, "position", None)
    said = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error).splitlines()[0]
    where = file.path if index is None else file.place(index)
    return RuleError(where, f"is not YAML: {said}")


def _index(file: RuleFile, root: "Node") -> None:
    """Note the place of every value. Raises RuleError where, aliases followed, there are too many."""
    pending: list[tuple[Location, Node, Node]] = [((), root, root)]
    while pending:
        location, key, node = pending.pop()
        file.nodes[location] = (key, node)
        if len(file.nodes) > VALUES_CAP or len(location) > DEPTH_CAP_LEVELS:
            raise RuleError(file.place(key.start_mark.index), "too many values, or nested too deep")
        pending += [((*location, step), at, part) for step, at, part in _parts(node)]


def _parts(node: "Node") -> Iterator[tuple[str | int, "Node", "Node"]]:
    """Yield the key or number, the node of the key, and the value of every part of a node."""
    if isinstance(node.value, list):
        for number, part in enumerate(node.value):
            if isinstance(part, tuple):
                yield str(part[0].value), *part
            else:
                yield number, part, part


def _model_faults(file: RuleFile, error: ValidationError) -> Iterator[RuleError]:
    for found in error.errors(include_url=False, include_context=False):
        location = found["loc"]
        is_key = location[-1:] == (_OF_THE_KEY,)
        location = location[:-1] if is_key else location
        field_name = ".".join(str(step) for step in location)
        if found["type"] == "missing":
            yield file.fault(location, f"'{location[-1]}' is missing")
        elif found["type"] == "extra_forbidden":
            yield file.fault(
                location, f"there is no field '{location[-1]}' here{_hint(location)}", at_key=True
            )
        else:
            message = found["msg"].removeprefix("Value error, ")
            yield file.fault(
                location, f"{field_name}: {message}" if field_name else "a rule is a mapping", at_key=is_key
            )


_OF_THE_KEY = "[key]"
"""What pydantic adds to the location of a key that is wrong."""
_MODELS: dict[str | int, type[BaseModel]] = {
    "examples": Example,
    "expect": Expectation,
    "mitigated": Mitigation,
}


def _hint(location: Location) -> str:
    model = next((_MODELS[step] for step in reversed(location[:-1]) if step in _MODELS), Rule)
    nearest = get_close_matches(str(location[-1]), model.model_fields, n=1)
    return f"; did you mean '{nearest[0]}'?" if nearest else ""
