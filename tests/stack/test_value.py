from collections.abc import Callable
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.laws.version import Version
from tuner.source.span import Span
from tuner.source.text import Text
from tuner.stack.condition import Condition, World, worlds
from tuner.stack.value import (
    Data,
    Option,
    Origin,
    Place,
    Value,
    absent,
    derive,
    undetermined,
    unknown,
)

OLD = Condition("kernel", until=Version.parse("5.4"))
NEW = Condition("kernel", Version.parse("5.4"))


def known(data: Data, name: str = "x") -> Value:
    return Value(name, data, Origin("default", f"default {data}"))


def by_kernel(old: Data | None, new: Data | None, name: str = "x") -> Value:
    return undetermined(name, [Option(old, (OLD,)), Option(new, (NEW,))], "the kernel version")


def chosen(cause: str, *data: Data | None) -> Value:
    options = [Option(d, (Condition(cause, choice=f"{cause} {n}"),)) for n, d in enumerate(data)]
    return undetermined(cause, options, f"which {cause}")


def disabled() -> Value:
    return Value("x", 0, Origin("default", "off"), state="disabled")


def shown(value: Value) -> list[tuple[Data | None, str]]:
    return [(option.data, " and ".join(map(str, option.conditions))) for option in value.options]


def test_the_states_of_a_value() -> None:
    assert known(1).is_known
    for value in (unknown("x", "why"), absent("x"), disabled(), by_kernel(1, 2)):
        assert not value.is_known
    assert (absent("x").state, absent("x").data, unknown("x", "why").data) == ("absent", None, None)


def test_a_template_hole_counts_as_written_and_a_default_does_not() -> None:
    place = Place(Text("a.conf", b"listen.backlog = {{ x }}\n"), Span(17, 24))
    hole = unknown("x", "template", place=place)
    assert (hole.is_written, hole.is_refused, str(hole.origin)) == (True, False, "a.conf:1")
    assert (known(1).is_written, str(known(1).origin)) == (False, "default 1")
    assert Value("x", 1, Origin("declared", "fpmtune.toml")).is_written


@pytest.mark.parametrize(("data", "default", "own"), [(511, 511, False), (512, 511, True), (511, None, True)])
def test_writing_the_default_is_no_choice_of_ones_own(data: int, default: int | None, own: bool) -> None:
    place = Place(Text("a.conf", b"x\n"), Span(0, 1))
    assert Value("x", data, Origin("file", "a.conf:1", place), default=default).is_own_choice == own
    assert not Value("x", data, Origin("default", "default"), default=default).is_own_choice


def test_options_that_agree_make_a_known_value() -> None:
    value = by_kernel(7, 7)
    assert (value.is_known, value.data, value.options) == (True, 7, ())


def test_neighbouring_options_with_one_value_are_one_option() -> None:
    bounds = [Version.parse(text) for text in ("7.0", "8.0", "8.2")]
    options = [
        Option(511, (Condition("php", bounds[0], bounds[1]),)),
        Option(511, (Condition("php", bounds[1], bounds[2]),)),
        Option(-1, (Condition("php", bounds[2]),)),
    ]
    assert shown(undetermined("x", options, "php")) == [(511, "php 7.0 up to before 8.2"), (-1, "php >= 8.2")]


def test_options_that_are_not_neighbours_are_kept_apart() -> None:
    value = chosen("order", 1, 2, 1)
    assert shown(value) == [(1, "order 0"), (2, "order 1"), (1, "order 2")]


def test_nothing_known_in_any_case_is_not_known() -> None:
    value = by_kernel(None, None)
    assert value.state == "unknown"
    assert derive("y", lambda x: x, value).state == "unknown"


def test_a_value_in_a_world() -> None:
    value = by_kernel(128, 4096)
    assert value.resolved_in({"kernel": OLD}).data == 128
    assert value.resolved_in({"kernel": NEW}).data == 4096
    elsewhere = value.resolved_in({})
    assert (elsewhere.state, elsewhere.data, elsewhere.options) == ("unknown", None, ())
    assert known(1).resolved_in({"kernel": OLD}) == known(1)


def test_in_a_world_without_an_answer_it_stays_unknown() -> None:
    value = by_kernel(128, None).resolved_in({"kernel": NEW})
    assert (value.state, value.data) == ("unknown", None)


def test_known_inputs_make_a_known_result() -> None:
    value = derive("y", min, known(3), known(2), words="min(a, b)", unit="s")
    assert (value.data, value.unit, str(value.origin)) == (2, "s", "min(a, b)")
    assert [i.data for i in value.inputs] == [3, 2]


@pytest.mark.parametrize("other", [known(1), unknown("x", "why"), by_kernel(1, 2)])
@pytest.mark.parametrize("void", [absent("x"), disabled()])
def test_an_absent_or_disabled_input_makes_the_result_absent(void: Value, other: Value) -> None:
    assert derive("y", max, void, other).state == derive("y", max, other, void).state == "absent"


def test_a_result_that_is_the_same_in_every_world_is_known() -> None:
    value = derive("y", min, known(100), by_kernel(128, 4096))
    assert (value.state, value.data) == ("known", 100)


def test_causes_that_two_inputs_share_are_not_combined_with_themselves() -> None:
    value = derive("y", lambda a, b: a + b, by_kernel(1, 2), by_kernel(10, 20))
    assert shown(value) == [(11, "kernel < 5.4"), (22, "kernel >= 5.4")]


def test_one_input_without_options_leaves_no_options() -> None:
    value = derive("y", max, by_kernel(1, 2), unknown("z", "why z"))
    assert (value.state, value.options) == ("unknown", ())
    assert value.origin.words == "the kernel version; why z"


def test_the_function_may_say_that_it_is_not_known() -> None:
    value = derive("y", lambda x: None if x > 1 else x, by_kernel(1, 2))
    assert shown(value) == [(1, "kernel < 5.4"), (None, "kernel >= 5.4")]
    assert derive("y", lambda x: None, known(1)).state == "unknown"


def test_more_worlds_than_the_cap_leave_no_options() -> None:
    few = [chosen(str(cause), 0, 1) for cause in range(5)]
    assert len(derive("y", lambda *bits: sum(bits), *few).options) == 2**5
    many = [*few, chosen("one more", 0, 1)]
    value = derive("y", lambda *bits: sum(bits), *many)
    assert (value.state, value.options) == ("unknown", ())


inputs = st.one_of(
    st.integers(0, 3).map(known),
    st.tuples(st.integers(0, 3), st.integers(0, 3)).map(lambda pair: by_kernel(*pair)),
    st.lists(st.integers(0, 3) | st.none(), min_size=2, max_size=3).map(lambda data: chosen("order", *data)),
    st.lists(st.integers(0, 3), min_size=2, max_size=2).map(lambda data: chosen("module", *data)),
)
FUNCTIONS: dict[str, Callable[..., Data | None]] = {
    "min": min,
    "max": max,
    "sum": lambda *numbers: sum(numbers),
    "none above 3": lambda *numbers: None if sum(numbers) > 3 else sum(numbers),
}


def data_in(value: Value, world: World) -> Data | None:
    """What `value` is in a world that fixes every cause, by trying each option."""
    if value.is_known:
        return value.data
    fitting = [o for o in value.options if all(c.covers(world[c.cause]) for c in o.conditions)]
    return fitting[0].data if len(fitting) == 1 else None


@given(st.lists(inputs, min_size=2, max_size=3), st.sampled_from(list(FUNCTIONS)))
def test_derive_agrees_with_brute_force_over_all_worlds(values: list[Value], function: str) -> None:
    compute = FUNCTIONS[function]
    result = derive("y", compute, *values)
    orders = max((len(v.options) for v in values if v.name == "order"), default=0)
    axes = [[OLD, NEW], [Condition("order", choice=f"order {n}") for n in range(max(3, orders))]]
    axes.append([Condition("module", choice=f"module {n}") for n in range(2)])
    considered = worlds(o.conditions for v in values if not v.is_known for o in v.options)
    for atoms in product(*axes):
        world = {atom.cause: atom for atom in atoms}
        if not any(all(small[cause] == world[cause] for cause in small) for small in considered):
            continue
        data = [data_in(value, world) for value in values]
        assert data_in(result, world) == (None if None in data else compute(*data))


@given(st.lists(inputs, min_size=1, max_size=3))
def test_known_options_are_never_a_single_one(values: list[Value]) -> None:
    result = derive("y", max, *values) if len(values) > 1 else values[0]
    assert len(result.options) != 1
    assert (result.data is not None) == result.is_known
