from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from tuner.errors import RuleError
from tuner.judge.evaluate import evaluate, value_at
from tuner.judge.expression import DEPTH_CAP_LEVELS, LENGTH_CAP_CHARACTERS, compile_expression
from tuner.judge.names import check_names
from tuner.judge.outcome import Outcome, Special
from tuner.judge.scopes import SCOPES, ScopeName, scope_types
from tuner.judge.text_place import TextPlace
from tuner.stack import model
from tuner.stack.condition import worlds
from tuner.stack.value import Data, Origin, Value, absent, unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Make

WHERE = TextPlace("rules/queue/x.yaml:7")
PLAIN = Origin("default", "default")
NAMES = "abcdefgh"


def known(name: str, data: Data) -> Value:
    return Value(name, data, PLAIN)


def run(source: str, **names: object) -> Outcome:
    return evaluate(compile_expression(source, WHERE), names)


def names_read(outcome: Outcome) -> set[str]:
    return {value.name for value in outcome.reads}


# What is refused.


@pytest.mark.parametrize(
    "source",
    [
        "__import__('os')",
        "pool.__class__",
        "pool._private",
        "(lambda: 1)()",
        "[x for x in host.pools]",
        "{x for x in host.pools}",
        "(x for x in host.pools)",
        "2 ** 3",
        "9**9**9**9",
        "1 << 100000",
        "~pool.a",
        "+pool.a",
        "a is b",
        "a in b",
        "a in (b, 1)",
        "a in 'text'",
        "1 < a in (1, 2)",
        "open('/etc/passwd')",
        "pool.name.upper()",
        "len(1)",
        "len(a, b)",
        "max(a)",
        "any(a)",
        "sum(a, b)",
        "any(x for x in p, 1)",
        "min(x for x in p if x if x)",
        "any(x for x in p for y in q)",
        "any(any(y for y in x.q) for x in p)",
        "any(x for x, y in p)",
        "any(x for x in f(p))",
        "any(x for x in (p if q else r))",
        "any(x for len in p)",
        "any(x async for x in p)",
        "max(a, b, key=c)",
        "max(*a)",
        "a[0]",
        "f'{a}'",
        "b'a'",
        "None",
        "...",
        "1j",
        "1e999",
        "(a := 1)",
        "'a' * 1000000000",
        "1000000000 * 'a'",
        "'%1000000000d' % a",
        "any",
        "join(x.name for x in host.pools)",
        "(a if b else c).d",
        "",
        "a >",
        "a > 1\nb",
        "'\\d'",
        "1if a else 2",
        "a\0b",
        "(" * 300 + "a" + ")" * 300,
        "-" * 499 + "1",
    ],
)
def test_what_is_not_the_language_is_refused_with_the_place(source: str) -> None:
    with pytest.raises(RuleError) as caught:
        compile_expression(source, WHERE)
    assert caught.value.where == WHERE.words


def test_the_column_counts_characters() -> None:
    with pytest.raises(RuleError, match=r"column 9 of"):
        compile_expression("'äöü' ==b''", WHERE)
    with pytest.raises(RuleError, match=r"column 10 of"):
        compile_expression("'äöü' == )", WHERE)


def test_length_and_depth_have_exact_bounds() -> None:
    compile_expression("a" * LENGTH_CAP_CHARACTERS, WHERE)
    with pytest.raises(RuleError, match="longer than 500"):
        compile_expression("a" * (LENGTH_CAP_CHARACTERS + 1), WHERE)
    compile_expression("not " * (DEPTH_CAP_LEVELS - 1) + "a", WHERE)
    with pytest.raises(RuleError, match="deeper than 20"):
        compile_expression("not " * DEPTH_CAP_LEVELS + "a", WHERE)


@pytest.mark.parametrize("data", ["ab", [1]])
@pytest.mark.parametrize("source", ["a * 3", "3 * a", "a + a", "a % 3", "-a"])
def test_arithmetic_is_refused_for_what_a_file_made_a_text(source: str, data: object) -> None:
    value = known("a", data) if isinstance(data, str) else data
    with pytest.raises(RuleError, match="arithmetic is for numbers"):
        run(source, a=value)


PIECES = [
    *("a", "p", "z", ".x", "any(", "len(", "min(", "(", ")", ",", "for", "in", "if", "else"),
    *("and", "or", "not", "-", "+", "*", "%", "/", "<", "==", "1", "'t'", "absent"),
]


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(max_size=60),
        st.lists(
            st.sampled_from([*PIECES, *(f" {piece} " for piece in PIECES)]),
            max_size=14,
        ).map("".join),
    )
)
def test_random_text_raises_nothing_but_rule_errors(source: str) -> None:
    try:
        run(source, a=known("a", 3), p=[known("z", "t"), known("z", 0)], z=unknown("z", "?"))
    except RuleError as error:
        assert str(error).startswith(WHERE.words)


# Names.


@pytest.mark.parametrize(
    ("scope", "source", "message"),
    [
        ("listener", "listener.backlgo > 1", r"no 'backlgo'; did you mean 'backlog'\? \(column 10 of"),
        ("pool", "pol.name == 'a'", r"no 'pol' here; did you mean 'pool'\? \(column 1 of"),
        ("host", "any(p.nmae == 'a' for p in host.pools)", r"did you mean 'name'\? \(column 7 of"),
        ("host", "any(p.name == 'a' for p in host.pools if p.pn)", r"Pool has no 'pn'"),
        ("pool", "pool.listener.twin.backlog.is_writen", r"did you mean 'is_written'\?"),
        ("pool", "pool.max_children.data > 1", r"a value has no 'data'"),
        ("pool", "pool.model_dump", r"Pool has no 'model_dump'"),
        ("pool", "pool.name.upper", r"str has no 'upper'"),
        ("host", "host.pools.name == 'a'", r"a list has no 'name'"),
        ("host", "any(p for p in host.kernel)", r"not a list of the model \(column 16 of"),
        ("pool", "pool.listener > 3", r"an entity \(Listener\) where a value is needed"),
        ("host", "1 + host.pools", r"a list where a value is needed"),
        ("pool", "any(pool.name == 'a' for pool in host.pools)", r"already means something else"),
        ("problem", "problem.place.text", r"Place has no 'text'"),
        ("redis", "pool.name == 'a'", r"no 'pool' here"),
    ],
)
def test_a_wrong_name_is_an_error_with_its_column(scope: ScopeName, source: str, message: str) -> None:
    with pytest.raises(RuleError, match=message):
        check_names(compile_expression(source, WHERE), scope_types(scope))


@pytest.mark.parametrize(
    ("scope", "source"),
    [
        ("listener", "listener.backlog > kernel.somaxconn and listener.backlog.is_own_choice"),
        ("pool", "pool.listener.twin == absent or pool.listener.twin.backlog != pool.listener.backlog"),
        ("path", "path.pool != absent and path.member == 'a' and len(path.location.pools) > 1"),
        ("upstream", "any(m == 'unix:/a' for m in upstream.members)"),
        (
            "host",
            "sum(p.max_children for p in host.pools if p.pm in ('static', absent)) > 2 * len(host.redis)",
        ),
        ("hash_line", "hash_line.hash_starts_comment and hash_line.reads_as == 'x'"),
        ("problem", "problem.kind == 'syntax'"),
    ],
)
def test_right_names_pass(scope: ScopeName, source: str) -> None:
    check_names(compile_expression(source, WHERE), scope_types(scope))


def test_every_scope_has_checkable_fields() -> None:
    for name, scope in SCOPES.items():
        for field in scope.model.model_fields:
            check_names(compile_expression(f"{name}.{field}", WHERE), scope_types(name))


def test_evaluation_refuses_what_the_name_check_would_have(make: Make) -> None:
    pool = make.entity(model.Pool)
    wrong = ["pool.model_dump", "pool.model_config", "pool.listen.data", "pol.name", "len(pool.listen)"]
    for source in wrong:
        with pytest.raises(RuleError):
            run(source, pool=pool)


# Absent, disabled, missing links.


@pytest.mark.parametrize("state", ["absent", "disabled"])
@pytest.mark.parametrize("other", ["5", "0", "u", "absent", "disabled"])
def test_absent_and_disabled_have_no_order_and_no_arithmetic(state: str, other: str) -> None:
    value = Value("v", 0, PLAIN, state=state)  # type: ignore[arg-type]
    names = {"v": value, "u": unknown("u", "?")}
    for order in ("<", "<=", ">", ">="):
        assert run(f"v {order} {other}", **names).truth is False
        assert run(f"{other} {order} v", **names).truth is False
    for sign in "+-*/":
        assert run(f"v {sign} {other}", **names).data is Special.ABSENT
        assert run(f"{other} {sign} v", **names).data is Special.ABSENT
    assert run("v", **names).truth is False
    assert names_read(run("v < u", **names)) == {"v"}


def test_equality_compares_states() -> None:
    names = {
        "off": Value("off", 0, PLAIN, state="disabled"),
        "unset": absent("unset"),
        "five": known("five", 5),
    }
    true = [
        "off == disabled",
        "unset == absent",
        "off != absent",
        "five != disabled",
        "off != 0",
        "unset != five",
        "off in (disabled, 5)",
        "unset not in (0, -1)",
        "off == off",
    ]
    for source in true:
        assert run(source, **names).data is True, source


def test_a_missing_link_makes_the_whole_chain_absent(make: Make) -> None:
    pool = make.entity(model.Pool, listener=None)
    assert run("pool.listener.twin.backlog == absent", pool=pool).data is True
    assert run("pool.listener.backlog.is_written", pool=pool).truth is False
    assert run("any(x.backlog > 1 for x in pool.listener.none)", pool=make.entity(model.Pool)).truth is False
    assert value_at(compile_expression("pool.listener.backlog", WHERE), {"pool": pool}) is None


def test_entities_are_compared_by_identity_even_in_circles(make: Make) -> None:
    v4, v6 = make.entity(model.Listener), make.entity(model.Listener)
    v4.twin, v6.twin = v6, v4
    assert run("a.twin == b and b.twin == a and a != b", a=v4, b=v6).data is True


def test_division_by_zero_and_overflow_give_absent() -> None:
    for source in ("a / 0", "a // 0", "a % 0", "a * 1e308 * 1e308 * 0 // 0", "9" * 400 + " / 0.1"):
        assert run(source, a=known("a", 3)).data is Special.ABSENT


def test_chained_comparison_reads_each_pair() -> None:
    names = {"a": known("a", 1), "b": known("b", 5), "c": known("c", 3)}
    assert run("a < b < c", **names).data is False
    assert names_read(run("a < b < c", **names)) == {"b", "c"}
    assert run("a < c < b", **names).data is True


def test_is_own_choice_reads_the_value_and_is_never_unknown(make: Make) -> None:
    chosen = make.written("a", 5, "x.conf", 1, default=3)
    same = make.written("a", 3, "x.conf", 1, default=3)
    assert run("v.b.is_own_choice", v=_holder(make, chosen)).data is True
    assert run("v.b.is_own_choice", v=_holder(make, same)).data is False
    outcome = run("v.b.is_own_choice", v=_holder(make, unknown("a", "?")))
    assert (outcome.data, names_read(outcome)) == (False, {"a"})


def test_a_value_with_options_is_known_in_each_of_the_worlds(
    make: Make, somaxconn: Callable[[], Value]
) -> None:
    names = {"v": _holder(make, somaxconn())}
    world = worlds(option.conditions for option in somaxconn().options)[0]
    expression = compile_expression("v.b.is_known", WHERE)
    assert evaluate(expression, names).data is False
    assert evaluate(expression, names, world).data is True


def test_set_by_is_the_place_or_who_set_it_otherwise(make: Make) -> None:
    assert run("v.b.set_by", v=_holder(make, make.written("a", 5, "x.conf", 1))).data == "x.conf:1"
    assert run("v.b.set_by", v=_holder(make, unknown("a", "nobody says"))).data == "nobody says"


def _holder(make: Make, value: Value) -> BaseModel:
    class Holder(BaseModel):
        model_config = ConfigDict(arbitrary_types_allowed=True)
        b: Value

    return Holder(b=value)


# Functions.


def test_folds_over_a_list(make: Make) -> None:
    pools = [
        make.entity(model.Pool, name=n, max_children=known(n, c)) for n, c in (("a", 2), ("b", 5), ("c", 9))
    ]
    host = make.entity(model.Stack, pools=pools)
    for source, expected in {
        "sum(p.max_children for p in host.pools)": 16,
        "sum(p.max_children for p in host.pools if p.name != 'b')": 11,
        "min(p.max_children for p in host.pools)": 2,
        "max(p.max_children * 2 for p in host.pools)": 18,
        "max(3, 4, 1)": 4,
        "len(host.pools)": 3,
        "len(p for p in host.pools if p.max_children > 4)": 2,
        "sum(p.max_children for p in host.redis)": 0,
        "max(p.max_children for p in host.redis)": Special.ABSENT,
        "any(p.max_children > 1 for p in host.redis)": False,
        "all(p.max_children > 9 for p in host.redis)": True,
        "all(p.max_children > 4 for p in host.pools if p.name != 'a')": True,
        "1 if len(host.pools) == 3 else 2": 1,
    }.items():
        assert run(source, host=host).data == expected, source


def test_any_and_all_report_only_what_decided(make: Make) -> None:
    pools = [
        make.entity(model.Pool, name=n, max_children=known(n, c)) for n, c in (("a", 2), ("b", 5), ("c", 9))
    ]
    host = make.entity(model.Stack, pools=pools)
    for source, expected in {
        "any(p.max_children > 4 for p in host.pools)": {"b", "c"},
        "any(p.max_children > 9 for p in host.pools)": {"a", "b", "c"},
        "all(p.max_children > 4 for p in host.pools)": {"a"},
        "all(p.max_children > 1 for p in host.pools)": {"a", "b", "c"},
        "not any(p.max_children > 4 for p in host.pools)": {"b", "c"},
        "sum(p.max_children for p in host.pools if p.name == 'a')": {"a"},
    }.items():
        assert names_read(run(source, host=host)) == expected, source


def test_an_unknown_filter_leaves_the_element_open(make: Make) -> None:
    sizes = [make.entity(model.Pool, name="a", max_children=known("c", 7), pm=unknown("pm", "?"))]
    host = make.entity(model.Stack, pools=sizes)
    assert run("any(p.max_children > 8 for p in host.pools if p.pm == 'static')", host=host).truth is False
    assert run("any(p.max_children > 6 for p in host.pools if p.pm == 'static')", host=host).truth is None
    assert run("all(p.max_children > 6 for p in host.pools if p.pm == 'static')", host=host).truth is True
    assert run("all(p.max_children > 8 for p in host.pools if p.pm == 'static')", host=host).truth is None
    for fold in ("len", "sum", "min", "max"):
        outcome = run(f"{fold}(p.max_children for p in host.pools if p.pm == 'static')", host=host)
        assert [value.name for value in outcome.missing] == ["pm"]


# Three-valued logic against every completion.

Tree = tuple[Any, ...]
DOMAIN = (0, 1, 2)

operands = st.sampled_from([*NAMES, "0", "1", "2", "absent"])
comparisons = st.tuples(operands, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), operands)
arithmetic = st.tuples(
    st.tuples(operands, st.sampled_from(["+", "-", "*", "//"]), operands),
    st.sampled_from(["<", "=="]),
    operands,
)
trees = st.recursive(
    st.one_of(comparisons, arithmetic),
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner),
        st.tuples(st.just("if"), inner, inner, inner),
    ),
    max_leaves=6,
)
assignments = st.fixed_dictionaries({name: st.sampled_from([*DOMAIN, None, None]) for name in "abc"})


def text_of(tree: Tree | str, swapped: bool = False) -> str:
    if isinstance(tree, str):
        return tree if tree not in NAMES else "abc"[NAMES.index(tree) % 3]
    if tree[0] == "not":
        return f"(not {text_of(tree[1], swapped)})"
    if tree[0] == "if":
        test, body, other = (text_of(part, swapped) for part in tree[1:])
        return f"({body} if {test} else {other})"
    left, sign, right = tree
    if swapped and sign in ("and", "or"):
        left, right = right, left
    return f"({text_of(left, swapped)} {sign} {text_of(right, swapped)})"


def environment(assignment: dict[str, int | None]) -> dict[str, Value]:
    return {
        name: unknown(name, "?") if data is None else known(name, data) for name, data in assignment.items()
    }


@settings(max_examples=200, deadline=None)
@given(trees, assignments)
def test_what_is_decided_holds_in_every_completion(tree: Tree, assignment: dict[str, int | None]) -> None:
    expression = compile_expression(text_of(tree), WHERE)
    outcome = evaluate(expression, environment(assignment))
    open_names = [name for name, data in assignment.items() if data is None]
    completions = {
        evaluate(expression, environment({**assignment, **dict(zip(open_names, chosen, strict=True))})).truth
        for chosen in itertools.product(DOMAIN, repeat=len(open_names))
    }
    assert None not in completions
    if outcome.truth is None:
        assert outcome.missing
        assert {value.name for value in outcome.missing} <= set(open_names)
    else:
        assert completions == {outcome.truth}


@settings(max_examples=200, deadline=None)
@given(trees, assignments)
def test_known_operands_agree_with_python(tree: Tree, assignment: dict[str, int | None]) -> None:
    source, data = text_of(tree), {name: found or 0 for name, found in assignment.items()}
    if "absent" in source:
        return
    try:
        expected = bool(eval(source, {}, data))
    except ZeroDivisionError:
        return
    assert evaluate(compile_expression(source, WHERE), environment(data)).truth is expected


@settings(max_examples=200, deadline=None)
@given(trees, assignments)
def test_operand_order_changes_neither_result_nor_reads(
    tree: Tree, assignment: dict[str, int | None]
) -> None:
    names = environment(assignment)
    first = evaluate(compile_expression(text_of(tree), WHERE), names)
    second = evaluate(compile_expression(text_of(tree, swapped=True), WHERE), names)
    assert first.truth is second.truth
    assert names_read(first) == names_read(second)
    assert {v.name for v in first.missing} == {v.name for v in second.missing}


@settings(max_examples=200, deadline=None)
@given(trees, assignments)
def test_the_reads_alone_decide(tree: Tree, assignment: dict[str, int | None]) -> None:
    expression = compile_expression(text_of(tree), WHERE)
    outcome = evaluate(expression, environment(assignment))
    if outcome.truth is not None:
        only_reads = {name: data for name, data in assignment.items() if name in names_read(outcome)}
        forgotten = {name: None for name in assignment if name not in only_reads}
        assert evaluate(expression, environment({**only_reads, **forgotten})).truth is outcome.truth


def test_evaluation_is_linear_in_the_model(make: Make) -> None:
    pools = [make.entity(model.Pool, max_children=known(str(n), n)) for n in range(4000)]
    host = make.entity(model.Stack, pools=pools)
    started = time.perf_counter()
    assert (
        run("all(p.max_children >= 0 and p.max_children < 4000 for p in host.pools)", host=host).data is True
    )
    assert time.perf_counter() - started < 1
