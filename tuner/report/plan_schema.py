"""JSON Schema (2020-12) of what `tune --format json` prints."""

from typing import get_args

from tuner.report.schema_parts import (
    COUNT,
    DATA,
    TEXT,
    TEXT_OR_NULL,
    VERSION,
    Schema,
    a_list,
    an_object,
    described,
    document,
    location,
    number,
    one_of,
    origin,
    ref,
)
from tuner.tune.plan import Program

SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
BY_POOL = (
    "By pool, with its host before it where several hosts have a pool of that name; null where nothing was "
    "recorded."
)
SECONDS_OR_NULL: Schema = {"type": ["number", "null"], "minimum": 0}


def plan_schema() -> Schema:
    """Return the schema of `fpmtune tune --format json`."""
    predictions = {"type": "object", "additionalProperties": _or_null(ref("prediction"))}
    return document(
        "fpmtune tune --format json",
        an_object(
            schema_version=VERSION,
            plan=described(a_list(_recommendation()), "In the order in which to bring it in force."),
            steps=described(a_list(_step()), "What to do after the plan is in the files, in this order."),
            predicted=an_object(
                before=described(predictions, BY_POOL),
                after=described(predictions, BY_POOL),
            ),
            pools=a_list(_pool()),
            notes=a_list(TEXT),
            written=described(a_list(TEXT), "The files that --write or --out wrote."),
            removed=described(a_list(TEXT), "Older fragments that --out removed."),
        ),
        origin=origin(),
        number=number(),
        bounds=_bounds(),
        prediction=_prediction(),
    )


def _recommendation() -> Schema:
    return an_object(
        host=TEXT,
        setting=TEXT,
        program=one_of(get_args(Program)),
        entity=TEXT,
        present=ref("number"),
        recommended=DATA,
        range=_or_null(ref("bounds")),
        why=TEXT,
        formula=TEXT,
        inputs=a_list(an_object(name=TEXT, value=DATA, unit=TEXT_OR_NULL, origin=ref("origin"))),
        requires=described(a_list(TEXT), "What has to be done before it is in force."),
        location=described(
            _or_null(location()), "Where it stands, or would be inserted; null where no file has it."
        ),
        is_inserted=described(
            {"type": "boolean"},
            "Whether no file has it yet: it goes beside what is at the location, or into that block.",
        ),
        new_file=described(TEXT_OR_NULL, "The file that is made for it, where there is none for it yet."),
        by_hand=described(TEXT_OR_NULL, "Why no file can be changed for it; null where one can."),
    )


def _step() -> Schema:
    return an_object(
        host=TEXT,
        program=one_of(get_args(Program)),
        command=described(TEXT_OR_NULL, "Null where nobody knows what the host calls its service."),
        words=TEXT,
        cost=TEXT,
        settings=described(a_list(TEXT), "The settings that are in force then."),
        by_hand=described({"type": "boolean"}, "Only for what has to be written by hand."),
    )


def _pool() -> Schema:
    alternative = an_object(
        title=TEXT,
        settings={"type": "object", "additionalProperties": DATA},
        price=TEXT,
        predicted=_or_null(ref("prediction")),
    )
    return an_object(
        host=TEXT,
        entity=TEXT,
        name=TEXT,
        range=_or_null(ref("bounds")),
        before=_or_null(ref("prediction")),
        after=_or_null(ref("prediction")),
        mean_service_time_s=SECONDS_OR_NULL,
        survives_mean_service_time_s=SECONDS_OR_NULL,
        alternatives=a_list(alternative),
        estimates=described(
            a_list(an_object(setting=TEXT, low={"type": "number"}, high={"type": "number"}, words=TEXT)),
            "Ranges, where nothing was recorded.",
        ),
        notes=a_list(TEXT),
    )


def _bounds() -> Schema:
    bound: Schema = {"type": ["integer", "null"], "minimum": 0}
    return an_object(
        need=described(bound, "What the recorded bursts need."),
        limit=described(bound, "The longest queue that is answered in time."),
    )


def _prediction() -> Schema:
    return an_object(
        requests=COUNT,
        shares={"type": "object", "additionalProperties": SHARE},
        range={
            "type": ["object", "null"],
            "additionalProperties": an_object(low=SHARE, high=SHARE),
        },
        latency_s=an_object(p50=SECONDS_OR_NULL, p99=SECONDS_OR_NULL),
        dead_time_s=COUNT,
        max_queue=COUNT,
    )


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}
