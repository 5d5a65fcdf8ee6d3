from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from tuner.judge.evaluate import evaluate
from tuner.judge.expression import compile_expression
from tuner.judge.text_place import TextPlace
from tuner.judge.worlds import Verdict, decide
from tuner.stack import model
from tuner.stack.condition import Condition, worlds
from tuner.stack.value import Data, Option, Origin, Value, derive, undetermined, unknown

if TYPE_CHECKING:
    from conftest import Make

Somaxconn = Callable[[], Value]


def known(name: str, data: Data) -> Value:
    return Value(name, data, Origin("default", "default"))


def verdict_on(source: str, **names: Value) -> Verdict:
    return decide(compile_expression(source, TextPlace("x.yaml:7")), names)


def test_the_kernel_version_decides(somaxconn: Somaxconn) -> None:
    for backlog, kind, condition in (
        (65535, "certain", None),
        (4097, "certain", None),
        (4096, "conditional", "kernel < 5.4"),
        (511, "conditional", "kernel < 5.4"),
        (128, "pass", None),
    ):
        verdict = verdict_on("backlog > limit", backlog=known("backlog", backlog), limit=somaxconn())
        assert (verdict.kind, verdict.condition) == (kind, condition)


def test_the_true_worlds_and_their_reads_are_reported(somaxconn: Somaxconn) -> None:
    limit = somaxconn()
    verdict = verdict_on("backlog > limit", backlog=known("backlog", 511), limit=limit)
    assert [limit.resolved_in(world).data for world in verdict.worlds] == [128]
    assert [value.name for value in verdict.reads] == ["backlog", "kernel.somaxconn"]
    assert verdict.reads[1] is limit


def test_what_false_worlds_read_is_no_evidence(somaxconn: Somaxconn) -> None:
    names = {"limit": somaxconn(), "a": known("a", 5), "b": known("b", 0)}
    verdict = verdict_on("a == 5 if limit == 128 else b == 5", **names)
    assert [value.name for value in verdict.reads] == ["kernel.somaxconn", "a"]


def test_the_newer_side_is_named_too(somaxconn: Somaxconn) -> None:
    assert verdict_on("limit > 511", limit=somaxconn()).condition == "kernel >= 5.4"


def test_two_values_of_one_cause_never_contradict_each_other(make: Make, somaxconn: Somaxconn) -> None:
    twin = make.by_version("twin", "kernel", [(None, 1), ("5.4", 2)])
    names = {"limit": somaxconn(), "twin": twin}
    assert verdict_on("limit == 128 and twin == 2", **names).kind == "pass"
    assert verdict_on("(limit == 128) == (twin == 1)", **names).kind == "certain"
    assert verdict_on("limit == 128 and twin == 1 or limit == 4096 and twin == 2", **names).kind == "certain"


def test_causes_are_joined_in_words(make: Make, somaxconn: Somaxconn) -> None:
    backlog = make.by_version("backlog", "php", [(None, 65535), ("7.0", 511), ("8.2", -1)])
    names = {"backlog": backlog, "limit": somaxconn()}
    assert verdict_on("backlog > limit", **names).condition == (
        "php < 7.0 and kernel < 5.4; or php < 7.0 and kernel >= 5.4; "
        "or php 7.0 up to before 8.2 and kernel < 5.4"
    )
    assert verdict_on("backlog > 100 and limit == 128", **names).condition == "php < 8.2 and kernel < 5.4"
    assert verdict_on("backlog == 511", **names).condition == "php 7.0 up to before 8.2"


def test_a_choice_is_a_cause_like_a_version(make: Make) -> None:
    order = make.by_choice("order", "which file is last", {"if a.conf is last": 1, "if b.conf is last": 2})
    assert verdict_on("order == 2", order=order).condition == "if b.conf is last"


def test_what_is_read_only_in_some_worlds_is_asked_too(make: Make, somaxconn: Somaxconn) -> None:
    php = make.by_version("php", "php", [(None, 1), ("8.2", 2)])
    verdict = verdict_on("php == 1 if limit == 128 else False", limit=somaxconn(), php=php)
    assert (verdict.kind, verdict.condition) == ("conditional", "kernel < 5.4 and php < 8.2")


def test_what_only_a_world_reads_is_asked_next(make: Make, somaxconn: Somaxconn) -> None:
    php = make.by_version("php", "php", [(None, 1), ("8.2", 9)])
    pool = make.entity(model.Pool, pm=somaxconn(), max_children=php)
    host = make.entity(model.Stack, pools=[pool])
    expression = compile_expression(
        "sum(p.max_children for p in host.pools if p.pm == 128) > 5", TextPlace("x.yaml:7")
    )
    assert [value.name for value in evaluate(expression, {"host": host}).missing] == ["kernel.somaxconn"]
    assert decide(expression, {"host": host}).condition == "kernel < 5.4 and php >= 8.2"


def test_no_option_and_no_true_world_is_undecided(somaxconn: Somaxconn) -> None:
    names = {"limit": somaxconn(), "load": unknown("load", "give --load")}
    assert [v.name for v in verdict_on("load > 3", **names).missing] == ["load"]
    verdict = verdict_on("load > limit", **names)
    assert (verdict.kind, [v.name for v in verdict.missing]) == ("undecided", ["load"])


def test_a_true_world_counts_although_others_stay_unknown(somaxconn: Somaxconn) -> None:
    names = {"limit": somaxconn(), "load": unknown("load", "give --load")}
    verdict = verdict_on("limit == 128 or load > 3", **names)
    assert (verdict.kind, verdict.condition) == ("conditional", "kernel < 5.4")
    assert verdict_on("limit == 128 and load > 3", **names).kind == "undecided"
    assert verdict_on("limit == 1 and load > 3", **names).kind == "pass"


def test_an_option_without_data_stays_unknown(make: Make) -> None:
    value = make.by_version("value", "kernel", [(None, None), ("5.4", 1), ("6.0", 2)])
    assert verdict_on("value == 1", value=value).kind == "conditional"
    verdict = verdict_on("value == 3", value=value)
    assert (verdict.kind, verdict.missing) == ("undecided", (value,))


def test_derived_values_are_decided_with_their_inputs(somaxconn: Somaxconn) -> None:
    limit = somaxconn()
    effective = derive("effective", min, known("backlog", 511), limit)
    assert verdict_on("effective < 511", effective=effective).condition == "kernel < 5.4"
    assert verdict_on("effective > limit", effective=effective, limit=limit).kind == "pass"


def test_more_worlds_than_the_cap_are_undecided(make: Make) -> None:
    values = {
        name: make.by_choice(name, f"choice {name}", {f"{name}{n}": n for n in range(4)}) for name in "abc"
    }
    verdict = verdict_on("a + b + c == 3", **values)
    assert (verdict.kind, {value.name for value in verdict.missing}) == ("undecided", {"a", "b", "c"})
    assert verdict_on("a + b == 3", **values).kind == "conditional"


tables = st.lists(st.sampled_from([0, 1, 2, None]), min_size=2, max_size=3)


@settings(max_examples=150, deadline=None)
@given(
    tables,
    tables,
    st.sampled_from(
        [
            "a < b",
            "a == b or a == 0",
            "a != b and b > 0",
            "a + b > 2",
            "a if b else not a",
            "a < 1 and c",
            "b > 0 or c",
        ]
    ),
)
def test_verdicts_agree_with_every_world(
    first: list[int | None], second: list[int | None], source: str
) -> None:
    names = {"a": _by_case("a", first), "b": _by_case("b", second), "c": unknown("c", "?")}
    expression = compile_expression(source, TextPlace("x.yaml:7"))
    options = [option.conditions for value in names.values() for option in value.options]
    truths = [evaluate(expression, names, world).truth for world in worlds(options)]
    verdict = decide(expression, names)
    if all(truth is True for truth in truths):
        assert verdict.kind == "certain"
    elif True in truths:
        assert verdict.kind == "conditional"
        assert all(evaluate(expression, names, world).truth for world in verdict.worlds)
    else:
        assert verdict.kind == ("undecided" if None in truths else "pass")


def _by_case(name: str, data: list[int | None]) -> Value:
    options = [Option(found, (Condition(name, choice=f"{name}{n}"),)) for n, found in enumerate(data)]
    return undetermined(name, options, f"{name} hangs on a choice")
