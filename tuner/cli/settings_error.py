"""What is wrong with a table of settings, in the words of whoever wrote it: which key, what was expected."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

EXPECTED = {
    "missing": "this key is required",
    "string_type": "expected a text in quotes",
    "list_type": "expected a list",
    "dict_type": "expected a table",
    "model_type": "expected a table",
    "string_too_short": "expected a text that is not empty",
    "too_short": "expected a list that is not empty",
    "string_pattern_mismatch": "expected a path of the host, which begins with /",
}
"""What to say of each type of error that pydantic finds in a table."""


def explain(error: ValidationError, model: type[BaseModel], table: Mapping[str, Any]) -> str:
    """Return the first error of validating `table` as `model`, and how many more there are."""
    errors = error.errors(include_url=False)
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{_where(errors[0]['loc'], table)}: {_words(errors[0], model)}{more}"


def _where(location: Sequence[int | str], table: Mapping[str, Any]) -> str:
    """Return the key, and before it the host by its name: `host 'web1': paths`."""
    if len(location) > 1 and location[0] == "host" and isinstance(location[1], int):
        entry = table["host"][location[1]]
        name = entry.get("name") if isinstance(entry, dict) else None
        host = f"host '{name}'" if isinstance(name, str) else f"[[host]] number {location[1] + 1}"
        rest = ".".join(map(str, location[2:]))
        return f"{host}: {rest}" if rest else host
    return ".".join(str(part) for part in location)


def _words(error: ErrorDetails, model: type[BaseModel]) -> str:
    if error["type"] == "extra_forbidden":
        return _unknown_key(str(error["loc"][-1]), _keys(model, error["loc"]))
    if error["type"] == "literal_error":
        given = error["input"]
        shown = f"'{given}'" if isinstance(given, str) else str(given)
        return f"expected one of {error['ctx']['expected'].replace(' or ', ', ')}; not {shown}"
    return EXPECTED.get(error["type"], error["msg"])


def _unknown_key(key: str, known: Sequence[str]) -> str:
    from difflib import get_close_matches

    nearest = get_close_matches(key, known, n=1)
    hint = f"did you mean '{nearest[0]}'?" if nearest else f"expected one of {', '.join(known)}"
    return f"there is no such key; {hint}"


def _keys(model: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    """Return the keys of the table that `location` leads into."""
    for part in location[:-1]:
        field = next((f for f in model.model_fields.values() if f.alias == part), None)
        inner = [kind for kind in get_args(field.annotation) if isinstance(kind, type)] if field else []
        model = next((kind for kind in inner if issubclass(kind, BaseModel)), model)
    return [field.alias or name for name, field in model.model_fields.items()]
