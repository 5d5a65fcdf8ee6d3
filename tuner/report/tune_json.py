"""`fpmtune tune --format json`."""

from collections import Counter
from collections.abc import Mapping, Sequence

from tuner.laws.simulator.confidence import Range
from tuner.report.value_json import Json, ascii_json, data_json, evidence_json, number_json
from tuner.stack.value import Place
from tuner.tune.edits import NO_PATCHES, Patches
from tuner.tune.plan import Alternative, Bounds, Plan, PoolPlan, Prediction, Recommendation, Step

SCHEMA_VERSION = 1


def tune_json(
    plans: Sequence[Plan],
    files: Patches = NO_PATCHES,
    written: Sequence[str] = (),
    removed: Sequence[str] = (),
    notes: Sequence[str] = (),
) -> str:
    """Return the plans of all hosts as ASCII JSON, ending in a line end.

    `files` is what they change of which files; `written` and `removed` are the paths of the files that
    were, and `notes` what there is to say of them.
    """
    pools = [(plan, pool) for plan in plans for pool in plan.pools]
    reasons = {id(found.recommendation): found.reason for found in files.unwritten}
    made = {id(found): new.path for new in files.new for found in new.recommendations}
    steps = {key: step for plan in plans for key, step in plan.first_steps().items()}
    keys = _distinct_keys(pools)
    return ascii_json(
        {
            "schema_version": SCHEMA_VERSION,
            "plan": [
                {
                    **_recommendation(plan, found, steps.get(id(found))),
                    "by_hand": reasons.get(id(found)),
                    "new_file": made.get(id(found)),
                }
                for plan in plans
                for found in plan.recommendations
            ],
            "steps": [
                {**_step(plan, step), "by_hand": _is_by_hand(step, reasons)}
                for plan in plans
                for step in plan.steps
            ],
            "predicted": {
                "before": {key: _prediction(pool.before) for key, (_, pool) in zip(keys, pools, strict=True)},
                "after": {key: _prediction(pool.after) for key, (_, pool) in zip(keys, pools, strict=True)},
            },
            "pools": [_pool(plan, pool) for plan, pool in pools],
            "notes": [*(note for plan in plans for note in plan.notes), *notes],
            "written": list(written),
            "removed": list(removed),
        }
    )


def _distinct_keys(pools: Sequence[tuple[Plan, PoolPlan]]) -> list[str]:
    """Return each pool's entity; with its host, and then a number, where several would be the same."""
    entities = Counter(pool.entity for _, pool in pools)
    times: Counter[str] = Counter()
    keys = []
    for plan, pool in pools:
        key = pool.entity if entities[pool.entity] == 1 else f"{plan.host} {pool.entity}"
        times[key] += 1
        keys.append(key if times[key] == 1 else f"{key} #{times[key]}")
    return keys


def _recommendation(plan: Plan, found: Recommendation, step: Step | None) -> Json:
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
        "requires": [step.words] if step else [],
        "location": _location(found.place),
        "is_inserted": found.is_inserted,
    }


def _is_by_hand(step: Step, reasons: Mapping[int, str]) -> bool:
    return bool(step.recommendations) and all(id(found) in reasons for found in step.recommendations)


def _step(plan: Plan, step: Step) -> Json:
    return {
        "host": plan.host,
        "program": step.program,
        "command": step.command,
        "words": step.words,
        "cost": step.cost,
        "settings": list(dict.fromkeys(found.setting for found in step.recommendations)),
    }


def _location(place: Place | None) -> Json | None:
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
        "before": _prediction(pool.before),
        "after": _prediction(pool.after),
        "mean_service_time_s": pool.mean_service_time_s,
        "survives_mean_service_time_s": pool.survives_s,
        "alternatives": [_alternative(found) for found in pool.alternatives],
        "estimates": [found._asdict() for found in pool.estimates],
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
