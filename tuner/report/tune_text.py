"""`fpmtune tune` for people."""

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from tuner.laws.simulator.summary import Summary
from tuner.load.pool_setting import READ_TIMEOUT
from tuner.report.table import WIDTH, Row, table
from tuner.report.terminal import Style, printable
from tuner.report.wording import data_words, present_words
from tuner.stack.value import Data, Value
from tuner.tune.alternatives import SHED
from tuner.tune.edits import Patches, written
from tuner.tune.plan import Alternative, Estimate, Plan, PoolPlan, Prediction, Recommendation

NOTHING = "nothing to do: every number does what the traffic needs, as far as the files tell"
NAMED = 2
TIMES = (READ_TIMEOUT, SHED)
IN_FORCE = "nothing: it is in force already"
STATUSES = {"200": "answered in time", "502": "refused", "503": "shed", "504": "given up on"}


class Shown(NamedTuple):
    """What is said of a plan: what to do then (as `steps_text`), its pools, how numbers came about."""

    steps: bool = True
    pools: bool = True
    arithmetic: bool = False


USUAL = Shown()


def tune_text(plans: Sequence[Plan], found: Patches, style: Style, shown: Shown = USUAL) -> str:
    """Return the plans of all hosts, ending in a line end, and what `found` says of their files."""
    remarks = _remarks(found)
    lines: list[str] = []
    for plan in plans:
        if len(plans) > 1:
            lines.append(style.paint(f"host {printable(plan.host)}", "bold"))
        lines += _plan(plan, remarks, style, shown)
        lines += _steps(plan, found) if shown.steps else ()
    return "\n".join(lines).rstrip("\n") + "\n"


def _remarks(found: Patches) -> dict[int, str]:
    """Return what is said of recommendations that change no file that is there, by their identity."""
    by_hand = {id(one.recommendation): f"to be written by hand: {one.reason}" for one in found.unwritten}
    made = {id(one): f"in a new file: {new.path}" for new in found.new for one in new.recommendations}
    return by_hand | made


def steps_text(plans: Sequence[Plan], found: Patches, style: Style) -> str:
    """Return what to do after the plans of all hosts are written, or nothing, ending in a line end."""
    lines: list[str] = []
    for plan in plans:
        if plan.steps and len(plans) > 1:
            lines.append(style.paint(f"host {printable(plan.host)}", "bold"))
        lines += _steps(plan, found)
    return "".join(f"{line}\n" for line in lines)


def _steps(plan: Plan, found: Patches) -> Iterator[str]:
    by_hand = {id(one.recommendation) for one in found.unwritten}
    if plan.steps:
        yield "then, in this order:"
    for number, step in enumerate(plan.steps, 1):
        yield f"  {number}. {printable(step.command or step.words)}"
        yield from _wrapped(step.cost, "     ")
        if step.recommendations and all(id(one) in by_hand for one in step.recommendations):
            yield "     only for what is to be written by hand"


def _plan(plan: Plan, remarks: Mapping[int, str], style: Style, shown: Shown) -> Iterator[str]:
    if not plan.recommendations:
        yield from _wrapped(_nothing(plan), "")
        yield ""
    for number, item in enumerate(_items(plan, remarks, is_each=shown.arithmetic), 1):
        yield from _recommendation(number, item, style)
        yield from _arithmetic(item.first) if shown.arithmetic else _from(item.first)
        yield from item.remarks
        yield ""
    for note in plan.notes:
        yield from _wrapped(f"note: {note}", "")
    if plan.notes:
        yield ""
    for pool in plan.pools if shown.pools else ():
        yield from _pool(pool, style)


class _Item(NamedTuple):
    """What is recommended alike at one place or more, and what is said of it in the end."""

    alike: list[Recommendation]
    remarks: tuple[str, ...]

    @property
    def first(self) -> Recommendation:
        return self.alike[0]


def _items(plan: Plan, remarks: Mapping[int, str], *, is_each: bool) -> Iterable[_Item]:
    """Return the recommendations in order; those of which the same is said are one, unless `is_each`."""
    steps = plan.first_steps()
    items: dict[object, _Item] = {}
    for found in plan.recommendations:
        step = steps.get(id(found))
        said = [f"then {step.words if step else IN_FORCE}", remarks.get(id(found), "")]
        last = tuple(line for words in said for line in _wrapped(words, "   "))
        title = found.program, found.setting, _now(found.present), written(found), found.why, found.bounds
        key = id(found) if is_each else (*title, *_from(found), *last)
        items.setdefault(key, _Item([], last)).alike.append(found)
    return items.values()


def _nothing(plan: Plan) -> str:
    """Return why nothing is recommended: all is well, or nobody knows, or no number would help."""
    judged = [pool.bounds for pool in plan.pools if pool.bounds is not None]
    left = len(plan.pools) - len(judged)
    if not plan.pools:
        return "nothing was judged: there is no PHP-FPM pool in the files read"
    if not judged:
        return f"nothing was judged: all pools ({left}) are left alone, for the reasons below"
    if any(bounds.limit == 0 for bounds in judged):
        return "no number of these settings would do: see below"
    return NOTHING + (f"; {left} of {len(plan.pools)} pools are left alone" if left else "")


def _recommendation(number: int, item: _Item, style: Style) -> Iterator[str]:
    found, places = item.first, _places(item)
    value = style.paint(printable(written(found)), "green")
    place = found.present.origin.place if len(places) < 2 else None
    where = f"  {printable(str(place))}" if place else ""
    entities = _some(list(dict.fromkeys(one.entity for one in item.alike)))
    yield f"{number}. {printable(f'{entities}: {found.setting} {_now(found.present)}')} -> {value}{where}"
    if len(places) > 1:
        yield from _wrapped(f"in {len(places)} places: {_some(places)}", "   ")
    yield from _wrapped(found.why, "   ")
    if found.bounds is not None and found.bounds.need is not None:
        yield from _wrapped(f"need {found.bounds.need}, limit {found.bounds.limit}", "   ")


def _some(names: Sequence[str]) -> str:
    """Return the first names, and how many more there are."""
    rest = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + rest


def _places(item: _Item) -> list[str]:
    return list(dict.fromkeys(str(found.place) for found in item.alike if found.place is not None))


def _from(found: Recommendation) -> Iterator[str]:
    shown = [f"{value.label or value.name} {_now(value)}" for value in found.inputs]
    yield from _wrapped(f"from {printable(', '.join(dict.fromkeys(shown)))}", "   ")


def _arithmetic(found: Recommendation) -> Iterator[str]:
    """Yield the formula, and each input with who says so."""
    yield from _wrapped(found.formula, "   ")
    for value in dict.fromkeys(found.inputs):
        yield from _wrapped(f"- {value.label or value.name} {_now(value)}: {value.origin}", "   ")


def _now(value: Value) -> str:
    return "(not set)" if value.state == "absent" else present_words(value)


def _pool(pool: PoolPlan, style: Style) -> Iterator[str]:
    yield style.paint(f"pool {printable(pool.name)}", "bold")
    if pool.before and pool.after:
        yield from table(list(_comparison(pool.before, pool.after)), style)
    if pool.survives_s is not None:
        yield from _wrapped(
            f"then a full queue is answered in time while PHP takes up to {_seconds(pool.survives_s)} on "
            f"average (now {_seconds(pool.mean_service_time_s)})",
            "  ",
        )
    for found in pool.alternatives:
        yield from _alternative(found)
    for estimate in pool.estimates:
        yield from _wrapped(_estimate(estimate), "  ")
    for note in pool.notes:
        yield from _wrapped(note, "  ")
    yield ""


def _comparison(before: Prediction, after: Prediction) -> Iterator[Row]:
    yield Row("", "now", ("after the plan",))
    for status, meaning in STATUSES.items():
        if status in before.summary.shares or status in after.summary.shares:
            yield Row(
                status,
                _share(before, status),
                (f"{_share(after, status):<10} {_range(after, status)}{meaning}",),
            )
    for label, now, then in _figures(before.summary, after.summary):
        yield Row(label, now, (then,))


def _figures(before: Summary, after: Summary) -> Iterator[tuple[str, str, str]]:
    yield "latency p50", _seconds(before.p50_s), _seconds(after.p50_s)
    yield "latency p99", _seconds(before.p99_s), _seconds(after.p99_s)
    yield "dead time", f"{before.dead_time_s} s", f"{after.dead_time_s} s"
    yield "longest queue", str(before.longest_queue), str(after.longest_queue)


def _alternative(found: Alternative) -> Iterator[str]:
    settings = ", ".join(f"{key} {_number(key, value)}" for key, value in found.changes.items())
    outcome = f": {_outcome(found.prediction)}" if found.prediction else ""
    yield from _wrapped(f"or {found.title} ({settings}){outcome}; {found.price}", "  ")


def _estimate(found: Estimate) -> str:
    return f"as a range: {found.setting} {found.low:g} to {found.high:g}: {found.words}"


def _outcome(found: Prediction) -> str:
    shares = found.summary.shares.items()
    return ", ".join(f"{status} {100 * share:.1f} %" for status, share in shares if share)


def _number(key: str, value: Data) -> str:
    return f"{data_words(value)} s" if key in TIMES else data_words(value)


def _share(found: Prediction, status: str) -> str:
    return f"{100 * found.summary.shares.get(status, 0.0):.1f} %"


def _range(found: Prediction, status: str) -> str:
    if found.ranges is None or status not in found.ranges:
        return ""
    low, high = found.ranges[status]
    return f"({100 * low:.1f} to {100 * high:.1f} %) " if high - low >= 0.001 else ""


def _seconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.3f} s"


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        printable(text),
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
