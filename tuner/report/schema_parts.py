"""What the JSON Schemas of the reports are made of.

Objects are open: a later version may add keys, and takes none away.
"""

from collections.abc import Iterable
from typing import Any, get_args

from tuner.stack.value import OriginKind

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TEXT: Schema = {"type": "string"}
TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
COUNT: Schema = {"type": "integer", "minimum": 0}
FROM_ONE: Schema = {"type": "integer", "minimum": 1}
DATA: Schema = {"type": ["number", "string", "boolean", "null"]}
VERSION: Schema = {"const": 1}


def location(**more: Schema) -> Schema:
    """Return the schema of a place in a file, with `more` keys."""
    return an_object(
        **more,
        path=TEXT,
        line=FROM_ONE,
        column=described(FROM_ONE, "In characters."),
        end_line=FROM_ONE,
        end_column=described(FROM_ONE, "The first one behind it."),
        text=TEXT,
    )


def origin() -> Schema:
    """Return the schema of who set a value; a place only where a file did."""
    place = {"path": TEXT, "line": FROM_ONE, "column": FROM_ONE}
    return an_object(optional=place, kind=one_of(get_args(OriginKind)), text=TEXT)


def number() -> Schema:
    """Return the schema of a value of the stack."""
    option = an_object(value=DATA, condition=TEXT_OR_NULL)
    override = an_object(value=DATA, origin=ref("origin"), reason=TEXT)
    return an_object(
        optional={"overrides": described(a_list(override), "Settings that lost, and why.")},
        value=described(DATA, "Null when it is unknown."),
        unit=TEXT_OR_NULL,
        origin=ref("origin"),
        options=described(a_list(option), "The values that an unknown may have, each in its case."),
    )


def document(title: str, schema: Schema, **definitions: Schema) -> Schema:
    """Return a whole schema with its title and what it refers to."""
    return {"$schema": DIALECT, "title": title, **schema, "$defs": definitions}


def an_object(optional: dict[str, Schema] | None = None, **required: Schema) -> Schema:
    """Return the schema of an object with these keys; more keys may come."""
    return {"type": "object", "properties": {**required, **(optional or {})}, "required": list(required)}


def a_list(items: Schema) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": items}


def one_of(words: Iterable[str]) -> Schema:
    """Return the schema of one of some words."""
    return {"enum": list(words)}


def described(schema: Schema, words: str) -> Schema:
    """Return the schema with what it means."""
    return {**schema, "description": words}


def ref(name: str) -> Schema:
    """Return the schema that stands in the definitions under a name."""
    return {"$ref": f"#/$defs/{name}"}
