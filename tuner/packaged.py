"""The data that ships with fpmtune: rules, version defaults, directive tables and templates.

A wheel carries rules and tables compiled to JSON, because reading YAML takes longer than a check may; a
checkout reads the YAML of `rules/` itself.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

_WHEEL_DATA = Path(__file__).parent / "data"
_CHECKOUT_RULES = Path(__file__).parent.parent / "rules"
_CHECKOUT_TEMPLATES = Path(__file__).parent.parent / "templates"


TABLE_FOLDERS = frozenset({"defaults", "directives"})
"""The folders of `rules/` that hold tables and not rules."""


@cache
def defaults_tables() -> dict[str, Any]:
    """Return the tables of `rules/defaults/` by their file's stem."""
    compiled = _WHEEL_DATA / "defaults.json"
    if compiled.is_file():
        return _load_json(compiled)
    return {path.stem: _load_yaml(path) for path in sorted((_CHECKOUT_RULES / "defaults").glob("*.yaml"))}


@cache
def directive_table(program: str) -> dict[str, Any]:
    """Return the table of a program's directives, `rules/directives/PROGRAM.yaml`."""
    compiled = _WHEEL_DATA / f"directives-{program}.json"
    if compiled.is_file():
        return _load_json(compiled)
    table: dict[str, Any] = _load_yaml(_CHECKOUT_RULES / "directives" / f"{program}.yaml")
    return table


def rule_documents() -> dict[str, Any]:
    """Return every built-in rule by the path of its YAML file, relative to `rules/`."""
    compiled = _WHEEL_DATA / "rules.json"
    if compiled.is_file():
        return _load_json(compiled)
    files = sorted(p for p in _CHECKOUT_RULES.glob("*/*.yaml") if p.parent.name not in TABLE_FOLDERS)
    return {path.relative_to(_CHECKOUT_RULES).as_posix(): _load_yaml(path) for path in files}


def template_folder() -> Path:
    """Return the folder of the jinja2 templates."""
    packed = _WHEEL_DATA / "templates"
    return packed if packed.is_dir() else _CHECKOUT_TEMPLATES


def _load_json(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def _load_yaml(path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    from ruamel.yaml import YAML

    return YAML(typ="safe", pure=True).load(path)
