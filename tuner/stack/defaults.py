"""What a program takes when nobody wrote a setting, by version: the tables of `rules/defaults/`."""

from functools import cache
from typing import Any

from tuner import packaged
from tuner.laws.version import Version
from tuner.stack.condition import Condition
from tuner.stack.target import Target
from tuner.stack.value import Option, Origin, Value, undetermined, unknown


def default(table: str, label: str, name: str, target: Target) -> Value:
    """Return the default of setting `label` as a value of the model called `name`.

    Known where the target's version, or every version, fixes it; else unknown with its possible values.
    Versions older than the table's `oldest` count only when a target says so.
    """
    return _default(table, label, name, target.version(_program(table)))


@cache
def _default(table: str, label: str, name: str, version: Version | None) -> Value:
    setting = _setting(table, label)
    unit = setting.get("unit", "")
    if "varies" in setting:
        return unknown(name, setting["varies"], unit=unit, label=label)
    if version is None:
        reason = f"the default depends on the {_program(table)} version"
        value = undetermined(name, _options(table, label), reason, unit=unit, label=label)
        return value._replace(default=value.data)
    chosen = next(o for o in _rows(table, label) if _contains(o, version))
    return Value(name, chosen.data, Origin("default", chosen.words), unit, label=label, default=chosen.data)


def is_in_table(table: str, label: str) -> bool:
    """Say whether the table has a row for a setting."""
    return label in packaged.defaults_tables()[table]["settings"]


@cache
def oldest_considered(table: str) -> Version:
    """Return the oldest version that is reckoned with when no target states one."""
    return Version.parse(packaged.defaults_tables()[table]["oldest"])


def _program(table: str) -> str:
    return str(packaged.defaults_tables()[table]["program"])


def _setting(table: str, label: str) -> dict[str, Any]:
    setting: dict[str, Any] = packaged.defaults_tables()[table]["settings"][label]
    return setting


def _contains(option: Option, version: Version) -> bool:
    condition = option.conditions[0]
    return (condition.since is None or condition.since <= version) and (
        condition.until is None or version < condition.until
    )


@cache
def _rows(table: str, label: str) -> tuple[Option, ...]:
    """Every row as an option, newest first, with the versions between which it holds."""
    program, found, until = _program(table), [], None
    rows = _setting(table, label)["rows"]
    for row in rows:
        since = Version.parse(row["since"]) if "since" in row else None
        condition = Condition(program, since, until)
        words = f"default of {program}" if len(rows) == 1 else f"default of {_versions_in_words(condition)}"
        found.append(Option(row["value"], (condition,), words))
        until = since
    return tuple(found)


def _versions_in_words(condition: Condition) -> str:
    if condition.since is None:
        return f"{condition.cause} before {condition.until}"
    if condition.until is None:
        return f"{condition.cause} {condition.since} and newer"
    return f"{condition.cause} {condition.since} up to before {condition.until}"


def _options(table: str, label: str) -> list[Option]:
    """The rows from the oldest version considered on, oldest first."""
    floor = oldest_considered(table)
    return [
        option
        for option in reversed(_rows(table, label))
        if option.conditions[0].until is None or floor < option.conditions[0].until
    ]
