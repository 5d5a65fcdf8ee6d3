"""Small replays worked out by hand, and what holds of every replay."""

from dataclasses import replace
from itertools import accumulate
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.laws.simulator.events import EventReplay
from tuner.laws.simulator.prediction import predict
from tuner.laws.simulator.replay import LATE, OK, REFUSED, SHED, UNREACHED, Replay
from tuner.laws.simulator.run import replay
from tuner.laws.simulator.setting import Retries, Setting, Socket, Spares
from tuner.laws.simulator.summary import dead_time_s, percentile, summary
from tuner.laws.simulator.traffic import Traffic, drawn_anew

# Binary fractions: their sums are exact, so that both engines compare the same numbers.
SETTING = Setting(workers=1, backlog=1, read_timeout_s=2.0, overhead_s=0.0)


def with_(**changes: object) -> Setting:
    names = ("workers", "backlog", "read_timeout_s", "overhead_s")
    return Setting(**{**{name: getattr(SETTING, name) for name in names}, **changes})


def ends(found: Replay) -> list[tuple[int, float]]:
    return [
        (outcome, round(took, 6)) for outcome, took in zip(found.outcomes, found.latencies_s, strict=True)
    ]


def test_a_full_unix_queue_refuses_at_once() -> None:
    # One is served, two wait (backlog + 1), the fourth is refused.
    found = replay([0, 0, 0, 0], [0.5, 0.5, 0.5, 0.5], SETTING)
    assert ends(found) == [(OK, 0.5), (OK, 1.0), (OK, 1.5), (REFUSED, 0.0)]
    assert (found.longest_queue, found.attempts) == (2, 4)


def test_who_gave_up_is_served_all_the_same() -> None:
    # The second is late at 2 s and still keeps the worker from 1.5 s to 3 s.
    found = replay([0, 0, 2.5], [1.5, 1.5, 0.25], SETTING)
    assert ends(found) == [(OK, 1.5), (LATE, 2.0), (OK, 0.75)]


def test_a_syn_is_sent_again_after_a_second() -> None:
    # The queue has room from 0.5 s on; the next SYN comes at 1.02 s and finds it empty, one being served.
    found = replay([0, 0, 0, 0], [0.5] * 4, with_(socket="tcp"))
    assert ends(found)[3] == (OK, 2.0)
    lone = replay([0, 0, 0, 0], [0.25] * 4, with_(socket="tcp"))
    assert 1.25 < lone.latencies_s[3] < 1.3


def test_who_does_not_connect_in_time_is_unreached() -> None:
    found = replay([0, 0, 0, 0], [1.5] * 4, with_(socket="tcp", connect_timeout_s=1.0))
    assert ends(found)[3] == (UNREACHED, 1.0)


def test_kernels_without_linear_timeouts_wait_longer() -> None:
    # The queue has room again after 1.5 s; the second SYN comes after 2 s, or after 3 s.
    took = [
        replay([0, 0, 0, 0], [1.5] * 4, with_(socket="tcp", read_timeout_s=9.0, linear_syn_timeouts=linear))
        for linear in (4, 0)
    ]
    assert [round(found.latencies_s[3]) for found in took] == [6, 6]
    late = [
        replay([0, 0, 0, 0], [1.5, 0.25, 0.25, 0.25], with_(socket="tcp", linear_syn_timeouts=linear))
        for linear in (4, 0)
    ]
    assert 2.25 < late[0].latencies_s[3] < 2.4
    assert 3.25 < late[1].latencies_s[3] < 3.6


def test_a_client_tries_again() -> None:
    found = replay([0, 0, 0, 0], [0.5] * 4, with_(retries=Retries(2, 0.25)))
    # Refused at 0 and at 0.25; at 0.5 one has left the queue.
    assert ends(found)[3] == (OK, 2.0)
    assert found.attempts == 6


def test_nginx_turns_away_what_max_conns_does_not_let_through() -> None:
    found = replay([0, 0, 0, 0.75], [0.5] * 4, with_(backlog=9, max_conns=2))
    assert [outcome for outcome, _ in ends(found)] == [OK, OK, REFUSED, OK]


def test_a_slot_is_free_when_nginx_gives_up_although_the_queue_is_not() -> None:
    found = replay([0, 0, 2.25], [4.0, 4.0, 4.0], with_(backlog=9, max_conns=2))
    assert [outcome for outcome, _ in ends(found)] == [LATE, LATE, LATE]
    assert found.longest_queue == 2


def test_what_waited_too_long_is_shed() -> None:
    found = replay([0, 0, 0], [1.0, 1.0, 1.0], with_(shed_after_s=0.5))
    assert ends(found) == [(OK, 1.0), (SHED, 1.0), (SHED, 1.0)]


def test_a_dynamic_pool_grows_by_its_spare_children() -> None:
    # One child; a second for each tick while none is idle: the rate doubles, min_spare_servers = 1 bounds it.
    spares = Spares(start=1, minimum=1, maximum=4)
    found = replay([0.0] * 4, [8.0] * 4, with_(workers=4, backlog=9, read_timeout_s=99.0, spares=spares))
    assert [took for _, took in ends(found)] == [8.0, 9.0, 10.0, 11.0]
    many = replay(
        [0.0] * 15,
        [9.0] * 15,
        with_(workers=15, backlog=9, read_timeout_s=99.0, spares=Spares(start=8, minimum=8, maximum=8)),
    )
    # 8, then 1, 2, 4 more.
    assert [took for _, took in ends(many)] == [9.0] * 8 + [10.0, 11.0, 11.0] + [12.0] * 4


def test_an_idle_child_is_dismissed_each_second() -> None:
    spares = Spares(start=2, minimum=2, maximum=2)
    arrivals, services = [0.0, 0.0, 4.5, 4.5, 4.5], [1.5, 1.5, 0.25, 0.25, 0.25]
    engine = EventReplay(arrivals, services, with_(workers=4, backlog=9, spares=spares))
    found = engine.run()
    # A third child comes at 1 s, when both are busy, and goes at 2 s, when all are idle.
    assert [took for _, took in ends(found)] == [1.5, 1.5, 0.25, 0.25, 0.5]
    assert engine.children == 2


QUARTERS = st.integers(0, 8).map(lambda number: number / 4)


@given(
    gaps=st.lists(QUARTERS, min_size=1, max_size=60),
    seed=st.integers(0, 9),
    workers=st.integers(1, 4),
    backlog=st.integers(0, 6),
    timeout=st.integers(0, 8).map(float),
    shed=st.none() | QUARTERS,
)
def test_both_engines_agree(
    gaps: list[float], seed: int, workers: int, backlog: int, timeout: float, shed: float | None
) -> None:
    random = Random(seed)
    arrivals, services = list(accumulate(gaps)), [random.randrange(12) / 4 for _ in gaps]
    setting = Setting(workers, backlog, timeout, overhead_s=0.0, shed_after_s=shed)
    plain, events = replay(arrivals, services, setting), EventReplay(arrivals, services, setting).run()
    assert plain.outcomes == events.outcomes
    assert plain.latencies_s == events.latencies_s
    assert plain.longest_queue <= backlog + 1
    impatient = replace(setting, read_timeout_s=0.5)
    refused = replay(arrivals, services, impatient).outcomes.count(REFUSED)
    assert plain.outcomes.count(REFUSED) == refused, "the read timeout changes no queue"


@given(
    gaps=st.lists(QUARTERS, min_size=1, max_size=60),
    seed=st.integers(0, 9),
    backlog=st.integers(0, 12),
    more=st.none() | st.integers(0, 3),
    socket=st.sampled_from(("unix", "tcp")),
)
def test_what_never_fills_the_queue_is_replayed_the_same_by_the_quick_engine(
    gaps: list[float], seed: int, backlog: int, more: int | None, socket: Socket
) -> None:
    random = Random(seed)
    arrivals, services = list(accumulate(gaps)), [random.randrange(12) / 4 for _ in gaps]
    max_conns = None if more is None else 2 + backlog + more
    setting = Setting(2, backlog, 2.0, socket=socket, overhead_s=0.0, max_conns=max_conns)
    found, events = replay(arrivals, services, setting), EventReplay(arrivals, services, setting).run()
    assert found == events


@given(gaps=st.lists(QUARTERS, min_size=1, max_size=60), backlog=st.integers(0, 4), seed=st.integers(0, 9))
def test_every_request_ends_on_tcp_too(gaps: list[float], backlog: int, seed: int) -> None:
    random = Random(seed)
    arrivals, services = list(accumulate(gaps)), [random.randrange(12) / 4 for _ in gaps]
    setting = Setting(1, backlog, 2.0, socket="tcp", connect_timeout_s=5.0, retries=Retries(1, 0.5))
    found = replay(arrivals, services, setting, processors=2, seed=seed)
    assert set(found.outcomes) <= {OK, LATE, UNREACHED}
    assert found.longest_queue <= backlog + 1
    assert len(arrivals) <= found.attempts <= 2 * len(arrivals)


def test_figures_of_a_replay() -> None:
    found = replay([0, 0, 0, 0], [0.5] * 4, SETTING)
    figures = summary(found, [0, 0, 0, 0], [0.5] * 4, SETTING)
    assert figures.shares == {"200": 0.75, "502": 0.25, "504": 0.0}
    assert (figures.p50_s, figures.p99_s) == (1.0, 1.5)
    assert (figures.capacity_per_s, figures.utilisation) == (2.0, 2.0)
    assert percentile([], 0.5) is None


def test_dead_time_is_the_longest_run_of_seconds_without_an_answer() -> None:
    arrivals = [0.5, 1.5, 2.5, 7.5, 8.5, 9.5]
    found = replay(arrivals, [0.1, 9.0, 0.1, 0.1, 0.1, 0.1], SETTING)
    # 1.5 is late; 2.5, 7.5 and 8.5 wait behind it or are refused; 9.5 waits for 1 s.
    assert [outcome for outcome, _ in ends(found)] == [OK, LATE, LATE, LATE, REFUSED, REFUSED]
    assert dead_time_s(found, arrivals) == 5


@pytest.mark.parametrize(
    ("arrivals", "services", "message"),
    [([1, 0], [1, 1], "order"), ([0], [-1], "negative"), ([0], [], "1 arrivals and 0 service times")],
)
def test_traces_that_are_none(arrivals: list[float], services: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replay(arrivals, services, SETTING)


@pytest.mark.parametrize("changes", [{"workers": 0}, {"backlog": -1}, {"read_timeout_s": float("nan")}])
def test_settings_that_no_pool_has(changes: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"nothing|hold|no number"):
        with_(**changes)


@given(
    gaps=st.lists(QUARTERS, min_size=1, max_size=40),
    workers=st.integers(1, 5),
    backlog=st.integers(0, 50),
)
def test_goodput_is_within_the_capacity(gaps: list[float], workers: int, backlog: int) -> None:
    arrivals = list(accumulate(gaps))
    setting = Setting(workers, backlog, 1e6, overhead_s=0.0)
    found = summary(replay(arrivals, [1.0] * len(gaps), setting), arrivals, [1.0] * len(gaps), setting)
    assert found.goodput_per_s <= found.capacity_per_s * (1 + 1e-9)


@pytest.mark.parametrize(
    "spares",
    [(0, 0, 0), (1, 2, 1), (5, 1, 3), (1, 1, 9)],
    ids=["none", "crossed", "start", "more than children"],
)
def test_spare_servers_that_php_fpm_refuses(spares: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="php-fpm refuses"):
        with_(workers=4, spares=Spares(*spares))


def test_a_pool_that_nothing_happens_to_ticks_no_more() -> None:
    spares = Spares(start=1, minimum=1, maximum=2)
    found = replay([0.0, 9e9], [0.25, 0.25], with_(workers=4, backlog=9, spares=spares))
    assert [outcome for outcome, _ in ends(found)] == [OK, OK]


def test_more_workers_than_requests_take_no_memory() -> None:
    assert replay([0.0], [0.5], with_(workers=2**31 - 1)).outcomes.count(OK) == 1


def test_a_connection_that_fails_holds_its_slot_until_then() -> None:
    # Two connections at most; the third request finds both held by requests that wait for their connection.
    arrivals, services = [0.0, 0.0, 0.0, 0.5], [9.0] * 4
    found = replay(
        arrivals,
        services,
        with_(backlog=0, socket="tcp", connect_timeout_s=5.0, max_conns=3, read_timeout_s=20.0),
    )
    assert [outcome for outcome, _ in ends(found)] == [OK, OK, UNREACHED, REFUSED]


def test_shedding_has_its_range_too() -> None:
    arrivals, services = [0.0] * 6, [0.5] * 6
    tcp = with_(socket="tcp", shed_after_s=0.25, connect_timeout_s=1.0)
    assert "503" in (predict(Traffic(arrivals, [services]), tcp).ranges or {})
    unix = with_(shed_after_s=0.25)
    ranges = predict(drawn_anew(arrivals, services, 2), unix).ranges
    assert ranges
    assert ranges["503"].high > 0


def test_retries_have_an_end() -> None:
    with pytest.raises(ValueError, match="at most 100"):
        Retries(2_000_000, 0.0)
