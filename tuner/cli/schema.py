"""`fpmtune schema`."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from typing import Any

from tuner.cli.exit_status import CLEAN
from tuner.cli.output import write_result
from tuner.errors import UsageError
from tuner.report.value_json import ascii_json


def add_arguments(parser: ArgumentParser) -> None:
    """Add the options of `schema`."""
    parser.epilog = "exit status: 0; 2 wrong usage, or a schema that does not exist."
    parser.add_argument("name", metavar="NAME", help=f"one of {', '.join(SCHEMAS)}")
    parser.add_argument("-o", "--output", metavar="FILE", help="write the schema to FILE")


def run(options: Namespace) -> int:
    """Print a JSON Schema, and return the exit status. Raises UsageError for one that does not exist."""
    if options.name not in SCHEMAS:
        raise UsageError(f"there is no schema '{options.name}': expected one of {', '.join(SCHEMAS)}")
    write_result(options, ascii_json(SCHEMAS[options.name]()))
    return CLEAN


def _config() -> dict[str, Any]:
    from tuner.cli.project import Project
    from tuner.report.schema_parts import DIALECT

    return {"$schema": DIALECT, **Project.model_json_schema(), "title": "fpmtune.toml"}


def _rules() -> dict[str, Any]:
    from tuner.judge.rule import Rule
    from tuner.report.schema_parts import DIALECT

    return {"$schema": DIALECT, **Rule.model_json_schema(), "title": "A rule of fpmtune"}


def _load() -> dict[str, Any]:
    from tuner.load.load_file import LoadFile
    from tuner.report.schema_parts import DIALECT

    return {"$schema": DIALECT, **LoadFile.model_json_schema(), "title": "A load file of fpmtune"}


def _check() -> dict[str, Any]:
    from tuner.report.json_schema import check_schema

    return check_schema()


def _show() -> dict[str, Any]:
    from tuner.report.json_schema import show_schema

    return show_schema()


def _plan() -> dict[str, Any]:
    from tuner.report.plan_schema import plan_schema

    return plan_schema()


SCHEMAS: Mapping[str, Callable[[], dict[str, Any]]] = {
    "config": _config,
    "rules": _rules,
    "load": _load,
    "check": _check,
    "show": _show,
    "plan": _plan,
}
"""What can be described, by the name that the verb takes."""
