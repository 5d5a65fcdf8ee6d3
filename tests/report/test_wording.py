import pytest
from report_samples import NEW, OLD, POOL, SYSCTL, default, place, unknown_somaxconn

from tuner.laws.version import Version
from tuner.report.wording import (
    counted,
    data_words,
    evidence_words,
    first_of,
    is_in_the_message,
    is_told_by,
    label_of,
    options_words,
    origin_words,
    override_words,
    present_words,
    reason_words,
)
from tuner.stack.condition import Condition
from tuner.stack.value import Data, Option, Origin, Override, Value, absent, derive, undetermined, unknown


@pytest.mark.parametrize(
    ("data", "unit", "words"),
    [
        (65535, "connections", "65535"),
        (60, "s", "60 s"),
        (0.5, "s", "0.5 s"),
        (True, "", "yes"),
        (False, "", "no"),
        (None, "s", "unknown"),
        ("a\x1bb", "", r"a\x1bb"),
    ],
)
def test_data_carries_its_unit_unless_it_goes_without_saying(
    data: Data | None, unit: str, words: str
) -> None:
    assert data_words(data, unit) == words


def test_states_have_words_of_their_own() -> None:
    assert present_words(absent("x")) == "-"
    assert present_words(unknown("x", "why")) == "unknown"
    assert present_words(default("x", 0, "d", "s", state="disabled")) == "0 (off)"
    assert present_words(default("x", "off", "d", state="disabled")) == "off"


def value(*options: Option, unit: str = "") -> Value:
    return undetermined("x", options, "nobody says", unit=unit)


def test_each_option_says_when_it_holds() -> None:
    assert options_words(unknown_somaxconn()) == "128 (kernel < 5.4) or 4096 (kernel >= 5.4)"


def test_condition_of_all_known_options_is_said_once() -> None:
    here, elsewhere = Condition("key", choice="no other file sets it"), Condition("key", choice="one does")
    options = (Option(128, (OLD, here)), Option(4096, (NEW, here)), Option(None, (elsewhere,)))
    assert options_words(value(*options)) == (
        "128 (kernel < 5.4) or 4096 (kernel >= 5.4) if no other file sets it"
    )
    assert options_words(value(options[0], options[2])) == "128 if kernel < 5.4 and no other file sets it"


def test_options_without_a_common_condition_leave_the_rest_unknown() -> None:
    middle = Condition("kernel", since=Version.parse("5.4"), until=Version.parse("6.1"))
    options = (Option(1, (OLD,)), Option(2, (middle,)), Option(None, (Condition("kernel", middle.until),)))
    assert options_words(value(*options)) == (
        "1 (kernel < 5.4) or 2 (kernel 5.4 up to before 6.1); else unknown"
    )


def test_many_options_are_named_with_what_they_depend_on() -> None:
    options = [
        Option(number, (version, Condition("order", choice=f"{number} is last")))
        for number, version in enumerate((OLD, NEW, OLD, NEW))
    ]
    assert options_words(value(*options, unit="s")) == (
        "one of 0 s, 1 s, 2 s, 3 s, depending on the kernel version, order"
    )


def test_options_without_data_leave_the_reason() -> None:
    nothing = value(Option(None, (OLD,)), Option(None, (NEW,)))
    assert reason_words(nothing) == "nobody says"
    assert evidence_words(nothing) == "x is unknown: nobody says"


def test_derived_unknown_names_what_it_depends_on() -> None:
    memory = unknown("kernel.memory", "a long story of where it might be set", label="MemTotal")
    given = default("pool.backlog", 5, "default of php")
    once = derive("listener.syn_queue", min, memory, given)
    assert reason_words(derive("twice", min, once, memory, unknown("kernel.fix", "x"))) == (
        "depends on MemTotal, kernel.fix"
    )


def test_origin_is_the_place_or_the_reason_with_the_place() -> None:
    where = place(POOL, "65535")
    path = "etc/php/8.2/fpm/pool.d/www.conf:3"
    assert origin_words(Origin("file", "x", where)) == path
    assert origin_words(Origin("unknown", "a hole", where)) == f"a hole ({path})"
    assert origin_words(Origin("unknown", f"{path} and y disagree", where)) == f"{path} and y disagree"
    assert origin_words(Origin("refused", "'x' is refused", where)) == f"'x' is refused ({path})"
    assert origin_words(Origin("default", "default of php")) == "default of php"


def test_override_says_what_lost_where_and_why() -> None:
    lost = place(SYSCTL, "4096")
    in_file = Override(4096, Origin("file", str(lost), lost), "a later setting wins")
    assert override_words(in_file) == "overrides 4096 at etc/sysctl.d/60-web.conf:2 (a later setting wins)"
    assert override_words(Override(128, Origin("default", "default of x"), "")) == (
        "overrides 128 (default of x)"
    )


def test_evidence_names_value_and_origin() -> None:
    known = default("kernel.somaxconn", 4096, "default of kernel 5.4 and newer", label="net.core.somaxconn")
    effective = derive("listener.effective_backlog", min, known, known, words="min(backlog, somaxconn)")
    assert evidence_words(known) == "net.core.somaxconn = 4096 (default of kernel 5.4 and newer)"
    assert evidence_words(effective) == "effective backlog = 4096, min(backlog, somaxconn)"
    assert evidence_words(unknown_somaxconn()) == (
        "net.core.somaxconn = 128 (kernel < 5.4) or 4096 (kernel >= 5.4)"
    )
    assert evidence_words(unknown("pool.service_time", "nobody measured it")) == (
        "pool.service_time is unknown: nobody measured it"
    )
    assert evidence_words(absent("x", "nobody set it", label="slowlog")) == "slowlog: nobody set it"
    assert evidence_words(default("x", 0, "default of php", "s", "rtt", "disabled")) == (
        "rtt = 0 (off) (default of php)"
    )


def test_names_are_shown_where_there_is_no_label() -> None:
    assert label_of(Value("kernel.somaxconn", 1, Origin("default", ""))) == "kernel.somaxconn"
    assert label_of(Value("listener.accept_queue", 1, Origin("derived", ""))) == "accept queue"


def test_counts_and_lists() -> None:
    assert [counted(number, "file") for number in (0, 1, 2)] == ["0 files", "1 file", "2 files"]
    assert first_of(["a", "b"], 2) == "a, b"
    assert first_of(["a", "b", "c"], 1) == "a and 2 more"


def test_words_that_were_derived_are_in_the_message_already() -> None:
    listen = Value("pool.listen", "9000", Origin("file", "www.conf:3"))
    somaxconn = unknown_somaxconn()
    assert is_in_the_message(derive("pool.reach", lambda _: "every address", listen))
    assert is_in_the_message(derive("pool.clash", lambda n: "" if n == 128 else "clash", somaxconn))
    assert not is_in_the_message(derive("double", lambda n: 2 * n, somaxconn))
    assert not is_in_the_message(listen)


STATED = Value("x", True, Origin("file", "a.conf:1", place(POOL, "65535")), label="pm is refused")


@pytest.mark.parametrize(
    ("value", "message", "is_told"),
    [
        (STATED, "php-fpm does not start: pm = foo is refused", True),
        (STATED._replace(data=False), "php-fpm does not start: pm = foo is refused", False),
        (STATED._replace(label="pm"), "php-fpm does not start: pm = foo is refused", False),
        (STATED._replace(data="is duplicate", label="pm"), "does not start: pm is duplicate", True),
        (STATED._replace(data="is duplicate", label="pm"), "does not start", False),
        (STATED._replace(data="foo", label="pm"), "does not start: pm = foo is refused", False),
    ],
)
def test_what_the_message_tells_is_not_said_again(value: Value, message: str, is_told: bool) -> None:
    assert is_told_by(value, message) == is_told


def test_a_sentence_is_no_setting() -> None:
    options = (Option(True, (OLD,)), Option(False, (NEW,)))
    words = evidence_words(undetermined("x", options, "the kernel version", label="pm is refused"))
    assert words.startswith("pm is refused: yes (")
