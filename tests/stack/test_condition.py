from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.laws.version import Version
from tuner.stack.condition import WORLDS_CAP, Condition, World, describe, holds_in, worlds

MINORS = range(6)


def version(minor: int) -> Version:
    return Version.parse(f"8.{minor}")


def between(cause: str, since: int | None = None, until: int | None = None) -> Condition:
    return Condition(
        cause,
        None if since is None else version(since),
        None if until is None else version(until),
    )


def choice(cause: str, words: str) -> Condition:
    return Condition(cause, choice=words)


def is_in(condition: Condition, minor: int) -> bool:
    since, until = condition.since, condition.until
    return (since is None or since <= version(minor)) and (until is None or version(minor) < until)


def is_range(bounds: tuple[int | None, int | None]) -> bool:
    return bounds[0] is None or bounds[1] is None or bounds[0] < bounds[1]


minors = st.none() | st.sampled_from(MINORS)
ranges = st.tuples(minors, minors).filter(is_range)


@given(st.lists(ranges, min_size=1, max_size=4))
def test_worlds_cut_the_versions_where_a_condition_begins_or_ends(
    bounds: list[tuple[int | None, int | None]],
) -> None:
    conditions = [between("php", *pair) for pair in bounds]
    every = worlds([(condition,) for condition in conditions])
    for minor in MINORS:
        around = [world for world in every if is_in(world["php"], minor)]
        assert len(around) <= 1
        for condition in conditions:
            if is_in(condition, minor):
                assert around
            if around:
                assert holds_in((condition,), around[0]) == is_in(condition, minor)


def test_versions_that_no_condition_reaches_make_no_world() -> None:
    every = worlds([(between("php", 0, 2),), (between("php", 2),)])
    assert [str(world["php"]) for world in every] == ["php 8.0 up to before 8.2", "php >= 8.2"]


def test_worlds_combine_every_cause() -> None:
    groups = [
        (between("kernel", until=4),),
        (between("kernel", 4),),
        (choice("order", "a is last"),),
        (choice("order", "b is last"),),
    ]
    named = [(str(world["kernel"]), str(world["order"])) for world in worlds(groups)]
    assert named == list(product(["kernel < 8.4", "kernel >= 8.4"], ["a is last", "b is last"]))


def test_no_condition_is_one_world() -> None:
    assert worlds([]) == [{}]
    assert holds_in((), {})


@pytest.mark.parametrize(("causes", "count"), [(5, WORLDS_CAP), (6, 0)])
def test_more_combinations_than_the_cap_are_not_tried(causes: int, count: int) -> None:
    groups = [(choice(str(cause), words),) for cause in range(causes) for words in ("yes", "no")]
    assert len(worlds(groups)) == count


def test_many_causes_are_given_up_at_once() -> None:
    groups = [(choice(str(cause), words),) for cause in range(5000) for words in ("yes", "no")]
    assert worlds(groups) == []


def test_a_cause_that_the_world_does_not_fix_does_not_hold() -> None:
    assert not holds_in((between("php", 1),), {})
    assert not holds_in((between("php", 1), choice("order", "a")), {"php": between("php", 1)})


def test_a_choice_is_not_a_range_of_versions() -> None:
    assert not choice("x", "a").covers(choice("x", "b"))
    assert not choice("x", "a").covers(Condition("x"))
    assert not Condition("x").covers(choice("x", "a"))


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (Condition("kernel", until=Version.parse("5.4")), "kernel < 5.4"),
        (Condition("kernel", Version.parse("5.4")), "kernel >= 5.4"),
        (Condition("php", Version.parse("7.0"), Version.parse("8.2")), "php 7.0 up to before 8.2"),
        (Condition("redis"), "any redis"),
        (choice("order", "a.conf is the one that counts"), "a.conf is the one that counts"),
    ],
)
def test_a_condition_in_words(condition: Condition, words: str) -> None:
    assert str(condition) == words


PHP = [(between("php", until=2),), (between("php", 2, 4),), (between("php", 4),)]
KERNEL = [(between("kernel", until=1),), (between("kernel", 1),)]


def described(*numbers: int) -> str:
    every = worlds([*PHP, *KERNEL])
    return describe([every[number] for number in numbers], every)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ((0, 1, 2, 3, 4, 5), "in every case"),
        ((0, 1), "php < 8.2"),
        ((0, 1, 2, 3), "php < 8.4"),
        ((2, 3, 4, 5), "php >= 8.2"),
        ((0, 1, 4, 5), "php < 8.2 or php >= 8.4"),
        ((2, 3), "php 8.2 up to before 8.4"),
        ((1, 3, 5), "kernel >= 8.1"),
        ((0,), "php < 8.2 and kernel < 8.1"),
        ((0, 3), "php < 8.2 and kernel < 8.1; or php 8.2 up to before 8.4 and kernel >= 8.1"),
    ],
)
def test_describe_names_only_what_matters(numbers: tuple[int, ...], words: str) -> None:
    assert described(*numbers) == words


AXES = {"php": PHP, "kernel": KERNEL, "order": [(choice("order", w),) for w in "abc"]}


@given(st.sets(st.sampled_from(list(AXES)), min_size=1), st.data())
def test_describe_is_true_of_the_chosen_worlds_alone(causes: set[str], data: st.DataObject) -> None:
    every = worlds([group for cause in AXES if cause in causes for group in AXES[cause]])
    numbers = data.draw(st.sets(st.integers(0, len(every) - 1), min_size=1))
    chosen = [every[number] for number in sorted(numbers)]
    words = describe(chosen, every)
    assert [world for world in every if is_true_of(words, world)] == chosen


def is_true_of(words: str, world: World) -> bool:
    """Read `describe`'s words back."""
    return words == "in every case" or any(
        all(any(alternative_holds(a, world) for a in part.split(" or ")) for part in case.split(" and "))
        for case in words.split("; or ")
    )


def alternative_holds(words: str, world: World) -> bool:
    texts = [(c, str(c)) for group in (*PHP, *KERNEL, *AXES["order"]) for c in group]
    wider = [between("php", until=4), between("php", 2)]
    condition = next(c for c, text in [*texts, *((w, str(w)) for w in wider)] if text == words)
    return holds_in((condition,), world)
