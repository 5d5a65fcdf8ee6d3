"""Values and origins as JSON objects, and JSON as plain ASCII text."""

import json
import math
from collections.abc import Mapping
from typing import Any

from tuner.stack.value import Data, Origin, Value

Json = dict[str, Any]


def ascii_json(document: Mapping[str, Any]) -> str:
    """Return `document` as indented ASCII JSON with a line end; bytes that were not UTF-8 as `\\udcHH`."""
    return json.dumps(document, ensure_ascii=True, allow_nan=False, indent=1) + "\n"


def data_json(data: Data | None) -> Data | None:
    """Return bare data; numbers that JSON cannot hold are null."""
    return None if isinstance(data, float) and not math.isfinite(data) else data


def origin_json(origin: Origin) -> Json:
    """Return `kind` and `text`; for what a file sets also `path`, `line` and `column` (from 1)."""
    if origin.kind not in ("file", "refused") or origin.place is None:
        return {"kind": origin.kind, "text": origin.words}
    place = origin.place
    position = place.text.position(place.span.start)
    where = {"path": place.text.path, "line": position.line, "column": position.column}
    text = str(place) if origin.kind == "file" else origin.words
    return {"kind": origin.kind, "text": text, **where}


def evidence_json(value: Value) -> Json:
    """Return a value as evidence of a finding."""
    return {"name": value.name, **_value_unit_origin(value)}


def number_json(value: Value) -> Json:
    """Return a value of the stack with its possible values, and with `overrides` when it has any."""
    options = [
        {"value": data_json(option.data), "condition": " and ".join(map(str, option.conditions)) or None}
        for option in value.options
    ]
    number: Json = {**_value_unit_origin(value), "options": options}
    if value.overrides:
        number["overrides"] = [
            {"value": data_json(lost.data), "origin": origin_json(lost.origin), "reason": lost.reason}
            for lost in value.overrides
        ]
    return number


def _value_unit_origin(value: Value) -> Json:
    return {"value": data_json(value.data), "unit": value.unit or None, "origin": origin_json(value.origin)}
