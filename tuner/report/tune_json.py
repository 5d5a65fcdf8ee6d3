"""`fpmtune tune --format json`."""

from collections.abc import Mapping, Sequence

from tuner.laws.simulator.confidence import Range
from tuner.report.value_json import Json, ascii_json, data_json, evidence_json, number_json
from tuner.stack.value import Value
from tuner.tune.plan import Alternative, Bounds, Plan, PoolPlan, Prediction, Recommendation

SCHEMA_VERSION = 1


def tune_json(plans: Sequence[Plan]) -> str:
    """Return the plans of all hosts as ASCII JSON, ending in a line end."""
    pools = [(plan, pool) for plan in plans for pool in plan.pools]
    return ascii_json(
        {
            "schema_version": SCHEMA_VERSION,
            "plan": [_recommendation(plan, found) for plan in plans for found in plan.recommendations],
            "predicted": {
                "before": {pool.entity: _prediction(pool.before) for _, pool in pools},
                "after": {pool.entity: _prediction(pool.after) for _, pool in pools},
            },
            "pools": [_pool(plan, pool) for plan, pool in pools],
            "notes": [note for plan in plans for note in plan.notes],
        }
    )


def _recommendation(plan: Plan, found: Recommendation) -> Json:
    return {
        "host": plan.host,
        "setting": found.setting,
        "program": found.program,
        "entity": found.entity,
        "present": number_json(found.present),
        "recommended": data_json(found.recommended),
        "range": _bounds(found.bounds),
        "why": found.why,
        "formula": found.formula,
        "inputs": [evidence_json(value) for value in found.inputs],
        "requires": [found.requires],
        "location": _location(found.present),
    }


def _location(value: Value) -> Json | None:
    place = value.origin.place
    if place is None:
        return None
    start, end = (place.text.position(at) for at in place.span)
    return {
        "path": place.text.path,
        "line": start.line,
        "column": start.column,
        "end_line": end.line,
        "end_column": end.column,
        "text": place.source,
    }


def _pool(plan: Plan, pool: PoolPlan) -> Json:
    return {
        "host": plan.host,
        "entity": pool.entity,
        "name": pool.name,
        "range": _bounds(pool.bounds),
        "survives_mean_service_time_s": pool.survives_s,
        "alternatives": [_alternative(found) for found in pool.alternatives],
        "notes": list(pool.notes),
    }


def _alternative(found: Alternative) -> Json:
    return {
        "title": found.title,
        "settings": dict(found.changes),
        "price": found.price,
        "predicted": _prediction(found.prediction),
    }


def _bounds(bounds: Bounds | None) -> Json | None:
    return None if bounds is None else bounds._asdict()


def _prediction(found: Prediction | None) -> Json | None:
    if found is None:
        return None
    figures = found.summary
    return {
        "requests": figures.requests,
        "shares": dict(figures.shares),
        "range": _ranges(found.ranges),
        "latency_s": {"p50": figures.p50_s, "p99": figures.p99_s},
        "dead_time_s": figures.dead_time_s,
        "max_queue": figures.longest_queue,
    }


def _ranges(ranges: Mapping[str, Range] | None) -> Json | None:
    return None if ranges is None else {status: found._asdict() for status, found in ranges.items()}
