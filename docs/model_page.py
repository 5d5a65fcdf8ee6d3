"""The page docs/model.md: every scope and field that a rule can name.

The texts are the docstrings of the model's modules; what its program calls a value, and its unit, come from
the model itself as it is built from the examples of the rules.
"""

import ast
import inspect
import re
import sys
import tempfile
import typing
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import BaseModel

from tuner import packaged
from tuner.judge.evaluate import VALUE_ATTRIBUTES
from tuner.judge.examples import stacks_of_example, write_tree
from tuner.judge.expression import FUNCTIONS
from tuner.judge.load import load_rules
from tuner.judge.names import ListOf, StaticType, fields_of
from tuner.judge.scopes import SCOPES
from tuner.stack import model
from tuner.stack.value import Place, Value

NOT_FOR_RULES = {"entity", "not_followed", "not_in_effect"}
LABELS_SHOWN = 4
"""A value that has more names than these takes them from the files."""
PLAIN = {str: "text", bool: "yes or no", int: "number", float: "number"}
Seen = dict[tuple[str, str], list[Value]]
"""The values of a class's field."""


def model_page() -> str:
    """Return the page."""
    environment = Environment(
        loader=FileSystemLoader(packaged.template_folder()),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        autoescape=False,
    )
    seen = _seen_values()
    scopes = [_section(name, scope.model, seen) for name, scope in SCOPES.items()]
    parts = [_section(name, entity, seen) for entity, name in _names().items() if name not in SCOPES]
    attributes, functions = sorted(VALUE_ATTRIBUTES), sorted(FUNCTIONS)
    page = environment.get_template("model.md.j2")
    return page.render(scopes=scopes, parts=parts, functions=functions, attributes=attributes)


def _section(name: str, entity: type[BaseModel], seen: Seen) -> dict[str, Any]:
    texts = _docstrings()[entity.__name__]
    fields = [
        {
            "name": field,
            "type": _type_words(found, seen.get((entity.__name__, field), [])),
            "text": texts.get(field)
            or _choices(entity, field)
            or _labels(seen.get((entity.__name__, field), [])),
        }
        for field, found in _fields_for_rules(entity).items()
    ]
    return {"name": name, "text": texts[""], "fields": fields}


def _type_words(found: StaticType, seen: list[Value]) -> str:
    if isinstance(found, ListOf):
        return f"list of {_type_words(found.element, seen)}"
    if issubclass(found, BaseModel):
        name = _names()[found]
        return f"[{name}](#{name})"
    if found is not Value:
        return PLAIN[found]
    kinds = {PLAIN[type(value.data)] for value in seen if value.data is not None}
    units = {value.unit for value in seen if value.unit}
    unit = f" ({units.pop()})" if len(units) == 1 else ""
    return (" or ".join(sorted(kinds)) or "value") + unit


def _labels(seen: list[Value]) -> str:
    labels = sorted({value.label for value in seen if value.label})
    return ", ".join(f"`{label}`" for label in labels) if len(labels) <= LABELS_SHOWN else ""


@cache
def _names() -> dict[type[BaseModel], str]:
    """Return what each class of the model is called here: by its scope, or what only other things hold."""
    names: dict[type[BaseModel], str] = {scope.model: name for name, scope in SCOPES.items()}
    pending = list(names)
    while pending:
        for found in map(_class_of, _fields_for_rules(pending.pop()).values()):
            if issubclass(found, BaseModel) and found not in names:
                names[found] = re.sub(r"(?<=.)([A-Z])", r"_\1", found.__name__).lower()
                pending.append(found)
    return names


def _class_of(found: StaticType) -> type:
    return _class_of(found.element) if isinstance(found, ListOf) else found


def _fields_for_rules(entity: type[BaseModel]) -> dict[str, StaticType]:
    fields = fields_of(entity).items()
    return {name: found for name, found in fields if name not in NOT_FOR_RULES and found is not Place}


def _choices(entity: type[BaseModel], field: str) -> str:
    annotation = typing.get_type_hints(entity)[field]
    words = typing.get_args(annotation) if typing.get_origin(annotation) is typing.Literal else ()
    return ", ".join(f"`{word}`" for word in words)


@cache
def _docstrings() -> dict[str, dict[str, str]]:
    """Return the docstrings of the model's classes (under "") and of their fields."""
    modules = {entity.__module__ for entity in _names()}
    bodies = [ast.parse(inspect.getsource(sys.modules[module])).body for module in sorted(modules)]
    classes = [node for body in bodies for node in body if isinstance(node, ast.ClassDef)]
    return {node.name: {"": _one_line(ast.get_docstring(node)), **dict(_of_fields(node))} for node in classes}


def _of_fields(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, text in zip(node.body, node.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            match text:
                case ast.Expr(value=ast.Constant(value=str(words))):
                    yield field.target.id, _one_line(words)


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


def _seen_values() -> Seen:
    seen: Seen = {}
    for compiled in load_rules():
        for example in compiled.rule.examples:
            with tempfile.TemporaryDirectory() as folder:
                write_tree(Path(folder), example.files)
                for stack in stacks_of_example(example, Path(folder)):
                    _note(stack, seen)
    return seen


def _note(stack: model.Stack, seen: Seen) -> None:
    pending: list[object] = [stack]
    known = set()
    while pending:
        entity = pending.pop()
        if not isinstance(entity, BaseModel) or id(entity) in known:
            continue
        known.add(id(entity))
        for field, found in entity:
            parts = found if isinstance(found, list) else [found]
            pending += parts
            values = [value for value in parts if isinstance(value, Value)]
            seen.setdefault((type(entity).__name__, field), []).extend(values)
