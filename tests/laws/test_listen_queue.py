import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.laws.listen_queue import (
    accept_queue_capacity,
    effective_backlog,
    somaxconn_bounds,
    somaxconn_default,
    somaxconn_is_accepted,
)
from tuner.laws.queue_overflow import Connect, Family, Overflow, overflow_behaviour
from tuner.laws.syn_queue import (
    has_zero_backlog_fix,
    max_syn_backlog_default,
    room_without_cookies,
    syn_queue_capacity,
)
from tuner.laws.syn_timers import syn_retransmission_times_s, synack_lifetime_s
from tuner.laws.version import Version

INT_MAX = 2**31 - 1
MEASURED = Path(__file__).parent.parent / "data" / "laws" / "listen_queues.csv"
MEASURED_ON = Version.parse("6.18.44")

backlogs = st.integers(-(2**31), INT_MAX)
somaxconns = st.integers(0, INT_MAX)
kernels = st.sampled_from(
    ["2.6.32", "3.10", "3.13", "4.1", "4.4", "4.9.35", "5.1", "5.4", "6.1.125", "6.12.9", "6.18"]
).map(Version.parse)


def version(text: str) -> Version:
    return Version.parse(text)


def measured(test: str) -> list[dict[str, str]]:
    with MEASURED.open(newline="") as file:
        return [row for row in csv.DictReader(file) if row["test"] == test]


def test_measured_accept_queues() -> None:
    rows = measured("accept")
    assert len(rows) == 351
    for row in rows:
        effective = effective_backlog(int(row["backlog"]), int(row["somaxconn"]), MEASURED_ON)
        assert effective == int(row["effective"]), row
        if row["capacity"]:
            assert accept_queue_capacity(effective) == int(row["capacity"]), row


def test_measured_syn_queues() -> None:
    rows = measured("synq")
    assert len(rows) == 248
    for row in rows:
        effective = effective_backlog(int(row["backlog"]), int(row["somaxconn"]))
        assert effective == int(row["effective"]), row
        capacity = syn_queue_capacity(
            effective, int(row["max_syn_backlog"]), int(row["syncookies"]), MEASURED_ON, zero_backlog_fix=True
        )
        assert capacity == int(row["capacity"]), row


def test_measured_overflows() -> None:
    rows = [row for row in measured("accept") if row["overflow"]]
    assert len(rows) == 260
    for row in rows:
        family: Family = "unix" if row["family"] == "unix" else "tcp"
        seen = overflow_behaviour(family, "non-blocking", MEASURED_ON)
        assert (seen.reaction == "fails at once") == (row["overflow"] == "EAGAIN"), row
        assert [f"{counter}=1" for counter in seen.counters] == row["counters"].split(), row


def test_published_observations_on_old_kernels() -> None:
    centos_7, fedora_24 = version("3.10.0-693.el7"), version("4.5")
    assert accept_queue_capacity(effective_backlog(2, 128, centos_7)) == 3
    assert syn_queue_capacity(effective_backlog(2, 65522, centos_7), 2, 0, centos_7, False) == 3
    assert syn_queue_capacity(effective_backlog(2, 128, fedora_24), 2, 1, fedora_24, False) == 2
    assert syn_queue_capacity(effective_backlog(4, 128, fedora_24), 2, 1, fedora_24, False) == 4
    assert effective_backlog(65536, 65536, centos_7) == 0
    assert effective_backlog(-1, 128, version("2.6.32")) == 128


@pytest.mark.parametrize(
    ("kernel", "default"),
    [("2.6.32", 128), ("5.3.18", 128), ("5.4", 4096), ("5.4.0-42-generic", 4096), ("6.18", 4096)],
)
def test_somaxconn_default(kernel: str, default: int) -> None:
    assert somaxconn_default(version(kernel)) == default


@pytest.mark.parametrize(
    ("value", "kernel", "accepted"),
    [
        (65536, "3.10.0", True),
        (-1, "3.10", True),
        (2**31, "3.10", False),
        (65535, "3.11", True),
        (65536, "3.12", None),
        (65536, "3.13", False),
        (65536, "4.0.9", False),
        (-1, "3.13", False),
        (65536, "4.1", True),
        (INT_MAX, "6.18", True),
        (2**31, "6.18", False),
        (-1, "6.18", False),
        (0, "6.18", True),
    ],
)
def test_somaxconn_is_accepted(value: int, kernel: str, accepted: bool | None) -> None:
    assert somaxconn_is_accepted(value, version(kernel)) is accepted


@pytest.mark.parametrize("kernel", ["2.6.32", "3.10", "3.11", "3.13", "4.0.9", "4.1", "6.18"])
def test_the_bounds_of_somaxconn_are_the_last_numbers_that_are_accepted(kernel: str) -> None:
    least, most = somaxconn_bounds(version(kernel))
    assert somaxconn_is_accepted(least, version(kernel)) and somaxconn_is_accepted(most, version(kernel))
    assert not somaxconn_is_accepted(least - 1, version(kernel))
    assert not somaxconn_is_accepted(most + 1, version(kernel))


@pytest.mark.parametrize(
    ("max_syn_backlog", "room"), [(0, 1), (2, 3), (256, 193), (1024, 769), (-1, 1), (4096, 3073), (-100, 0)]
)
def test_room_without_cookies(max_syn_backlog: int, room: int) -> None:
    assert room_without_cookies(max_syn_backlog) == room
    assert syn_queue_capacity(65535, max_syn_backlog, 0, version("6.18"), True) == room


@given(backlogs, somaxconns)
def test_backlog_is_cut_never_raised(backlog: int, somaxconn: int) -> None:
    effective = effective_backlog(backlog, somaxconn)
    assert 0 <= effective <= somaxconn
    assert effective == (somaxconn if backlog < 0 else min(backlog, somaxconn))
    assert accept_queue_capacity(effective) == effective + 1


@given(backlogs.filter(lambda b: b >= 0), backlogs.filter(lambda b: b >= 0), somaxconns, somaxconns)
def test_effective_backlog_grows_with_both(b1: int, b2: int, s1: int, s2: int) -> None:
    smaller = effective_backlog(min(b1, b2), min(s1, s2))
    assert smaller <= effective_backlog(max(b1, b2), max(s1, s2))


@given(backlogs, st.integers(0, 65535), kernels)
def test_up_to_65535_the_kernel_does_not_matter(backlog: int, somaxconn: int, kernel: Version) -> None:
    assert effective_backlog(backlog, somaxconn, kernel) == effective_backlog(backlog, somaxconn)


def test_16_bits_before_4_1() -> None:
    old = version("3.10")
    assert effective_backlog(70000, 80000, old) == 70000 - 65536
    assert effective_backlog(511, -1, old) == 511
    assert effective_backlog(70000, 80000) == 70000


@pytest.mark.parametrize(
    ("backlog", "somaxconn", "kernel"),
    [
        (2**31, 128, None),
        (-(2**31) - 1, 128, None),
        (1, -1, None),
        (1, 2**31, None),
        (1, 65536, "3.13"),
        (1, 1, "2.6.31"),
    ],
)
def test_outside_the_domain(backlog: int, somaxconn: int, kernel: str | None) -> None:
    with pytest.raises(ValueError, match=r"C int|somaxconn|older"):
        effective_backlog(backlog, somaxconn, version(kernel) if kernel else None)


@pytest.mark.parametrize("effective", [-1, 2**31])
def test_no_such_length_limit(effective: int) -> None:
    with pytest.raises(ValueError, match="length limit"):
        accept_queue_capacity(effective)
    with pytest.raises(ValueError, match="length limit"):
        syn_queue_capacity(effective, 128, 1, MEASURED_ON, True)


@pytest.mark.parametrize(
    ("ehash", "kernel", "default"),
    [
        (262144, "6.18", 2048),
        (262144, "5.1", 1024),
        (524288, "5.4", 4096),
        (8192, "6.1", 128),
        (1, "3.10", 128),
    ],
)
def test_max_syn_backlog_default(ehash: int, kernel: str, default: int) -> None:
    assert max_syn_backlog_default(ehash, version(kernel)) == default


@pytest.mark.parametrize("ehash", [0, -4, 1000])
def test_a_hash_table_has_a_power_of_two(ehash: int) -> None:
    with pytest.raises(ValueError, match="power of two"):
        max_syn_backlog_default(ehash, MEASURED_ON)


@pytest.mark.parametrize(
    ("kernel", "fixed"),
    [
        ("6.13", True),
        ("6.18.44", True),
        ("6.12.10", True),
        ("6.12.9", False),
        ("6.12", None),
        ("6.1.125-1-amd64", True),
        ("6.1.124", False),
        ("6.1", None),
        ("6.1.0-32-amd64", None),
        ("6.8.0-60-generic", None),
        ("6.8", None),
        ("6.8.9", False),
        ("6.6.72", True),
        ("6.6.71", False),
        ("5.15.177", True),
        ("5.10.233", False),
        ("5.4.290", True),
        ("4.19.325", False),
        ("4.4", None),
        ("4.3.3", False),
        ("3.10.0", False),
    ],
)
def test_zero_backlog_fix(kernel: str, fixed: bool | None) -> None:
    assert has_zero_backlog_fix(version(kernel)) is fixed


def test_backlog_zero_before_the_fix_accepts_nothing_without_cookies() -> None:
    assert syn_queue_capacity(0, 2048, 0, version("6.8.9"), zero_backlog_fix=False) == 0
    assert syn_queue_capacity(0, 2048, 0, MEASURED_ON, zero_backlog_fix=True) == 1


@pytest.mark.parametrize(
    ("effective", "max_syn_backlog", "capacity"),
    [
        (2, 128, 16),
        (8, 128, 16),
        (15, 128, 16),
        (16, 128, 32),
        (511, 2048, 512),
        (511, 256, 512),
        (511, -1, 512),
        (4096, 255, 256),
    ],
)
def test_hash_table_before_4_4(effective: int, max_syn_backlog: int, capacity: int) -> None:
    assert syn_queue_capacity(effective, max_syn_backlog, 1, version("4.3.3"), False) == capacity


@pytest.mark.parametrize(
    ("max_syn_backlog", "room"),
    [(0, 1), (1, 2), (2, 3), (3, 4), (4, 4), (256, 193), (1024, 769), (-1, 1), (-2, 0), (-(2**31), 0)],
)
def test_three_quarters_without_cookies(max_syn_backlog: int, room: int) -> None:
    assert syn_queue_capacity(INT_MAX, max_syn_backlog, 0, MEASURED_ON, True) == room


def test_syncookies_2() -> None:
    assert syn_queue_capacity(511, 2048, 2, version("3.13"), False) == 0
    assert syn_queue_capacity(511, 2048, 2, version("3.10"), False) == 512
    assert syn_queue_capacity(511, 2048, 3, MEASURED_ON, True) == 512


@given(somaxconns, st.integers(-(2**31), INT_MAX), st.integers(0, 255), kernels, st.booleans())
def test_syn_queue_bounds(
    effective: int, max_syn_backlog: int, syncookies: int, kernel: Version, fix: bool
) -> None:
    capacity = syn_queue_capacity(effective, max_syn_backlog, syncookies, kernel, fix)
    with_cookies = syn_queue_capacity(effective, max_syn_backlog, 1, kernel, fix)
    without = syn_queue_capacity(effective, max_syn_backlog, 0, kernel, fix)
    assert 0 <= capacity <= with_cookies
    assert without <= with_cookies
    if kernel >= version("4.4"):
        assert with_cookies == effective + fix
    else:
        assert with_cookies >= 16
        assert with_cookies.bit_count() == 1


@given(
    somaxconns, somaxconns, st.integers(0, INT_MAX), st.integers(0, INT_MAX), st.sampled_from([0, 1]), kernels
)
def test_syn_queue_grows_with_both(
    e1: int, e2: int, m1: int, m2: int, syncookies: int, kernel: Version
) -> None:
    smaller = syn_queue_capacity(min(e1, e2), min(m1, m2), syncookies, kernel, True)
    assert smaller <= syn_queue_capacity(max(e1, e2), max(m1, m2), syncookies, kernel, True)


@pytest.mark.parametrize(
    ("max_syn_backlog", "syncookies"), [(2**31, 1), (-(2**31) - 1, 1), (128, -1), (128, 256)]
)
def test_syn_queue_outside_the_domain(max_syn_backlog: int, syncookies: int) -> None:
    with pytest.raises(ValueError, match=r"tcp_max_syn_backlog|tcp_syncookies"):
        syn_queue_capacity(511, max_syn_backlog, syncookies, MEASURED_ON, True)


@pytest.mark.parametrize(
    ("retries", "linear", "sent_at_s", "gives_up_at_s"),
    [
        (6, 4, (0, 1, 2, 3, 4, 5, 7, 11, 19, 35, 67), 131),
        (3, 4, (0, 1, 2, 3, 4, 5, 7, 11), 19),
        (2, 4, (0, 1, 2, 3, 4, 5), 7),
        (1, 4, (0, 1, 2), 3),
        (6, 0, (0, 1, 3, 7, 15, 31, 63), 127),
        (3, 0, (0, 1, 3, 7), 15),
        (2, 0, (0, 1, 3), 7),
        (1, 0, (0, 1), 3),
        (8, 0, (0, 1, 3, 7, 15, 31, 63, 127, 247), 367),
    ],
)
def test_syn_schedule(retries: int, linear: int, sent_at_s: tuple[int, ...], gives_up_at_s: int) -> None:
    assert syn_retransmission_times_s(retries, linear) == (sent_at_s, gives_up_at_s)


@given(st.integers(1, 127), st.integers(0, 127))
def test_syn_schedule_shape(retries: int, linear: int) -> None:
    sent_at_s, gives_up_at_s = syn_retransmission_times_s(retries, linear)
    gaps = [
        later - earlier for earlier, later in zip(sent_at_s, (*sent_at_s[1:], gives_up_at_s), strict=True)
    ]
    assert sent_at_s[0] == 0
    assert gaps == sorted(gaps)
    assert gaps[0] == 1
    assert max(gaps) <= 120
    assert len(sent_at_s) <= 1 + retries + linear
    assert gives_up_at_s >= syn_retransmission_times_s(retries, 0).gives_up_at_s


@pytest.mark.parametrize(
    ("retries", "lifetime_s"), [(0, 1), (1, 3), (2, 7), (3, 15), (5, 63), (6, 127), (7, 247)]
)
def test_synack_lifetime(retries: int, lifetime_s: int) -> None:
    assert synack_lifetime_s(retries) == lifetime_s


@pytest.mark.parametrize(("retries", "linear"), [(0, 4), (128, 4), (6, -1), (6, 128)])
def test_no_such_retries(retries: int, linear: int) -> None:
    with pytest.raises(ValueError, match="lies in"):
        syn_retransmission_times_s(retries, linear)


@pytest.mark.parametrize("retries", [-1, 256])
def test_no_such_synack_retries(retries: int) -> None:
    with pytest.raises(ValueError, match="lies in"):
        synack_lifetime_s(retries)


def test_what_nginx_says_of_a_full_queue() -> None:
    unix, tcp = (overflow_behaviour(family, "non-blocking", MEASURED_ON) for family in ("unix", "tcp"))
    assert unix == Overflow("fails at once", 11, 502, 11, False, ())
    assert tcp == Overflow("SYN ignored", 110, 504, 110, False, ("ListenOverflows", "ListenDrops"))


def test_a_blocking_unix_client_sleeps() -> None:
    assert overflow_behaviour("unix", "blocking") == Overflow("waits for a slot", None, None, None, False, ())


@pytest.mark.parametrize(
    ("kernel", "may"),
    [("3.10", True), ("4.9.35", True), ("4.10", None), ("4.13", None), ("4.14.32", False), (None, None)],
)
def test_who_may_look_connected(kernel: str | None, may: bool | None) -> None:
    seen = overflow_behaviour("tcp", "blocking", version(kernel) if kernel else None)
    assert seen.may_look_connected is may


@given(st.sampled_from(["tcp", "unix"]), st.sampled_from(["blocking", "non-blocking"]), st.none() | kernels)
def test_a_full_queue_never_refuses(family: Family, connect: Connect, kernel: Version | None) -> None:
    seen = overflow_behaviour(family, connect, kernel)
    assert 111 not in (seen.errno, seen.nginx_errno)
    assert bool(seen.counters) == (family == "tcp")
    assert (seen.nginx_status is None) == (connect == "blocking")


@pytest.mark.parametrize(("family", "connect"), [("udp", "blocking"), ("tcp", "lazy")])
def test_no_such_socket(family: Family, connect: Connect) -> None:
    with pytest.raises(ValueError, match="no such socket"):
        overflow_behaviour(family, connect)


def test_kernels_nobody_read() -> None:
    old = version("2.6.31")
    for law in (somaxconn_default, somaxconn_bounds, has_zero_backlog_fix):
        with pytest.raises(ValueError, match="older"):
            law(old)
    for call in (
        lambda: somaxconn_is_accepted(1, old),
        lambda: max_syn_backlog_default(1024, old),
        lambda: syn_queue_capacity(1, 1, 1, old, False),
        lambda: overflow_behaviour("tcp", "blocking", old),
    ):
        with pytest.raises(ValueError, match="older"):
            call()
