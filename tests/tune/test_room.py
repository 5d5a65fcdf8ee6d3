"""Memory and processors that the pools of a host share."""

from hypothesis import given
from hypothesis import strategies as st

from tuner.laws.staffing import workers_by_cpu, workers_by_memory
from tuner.tune.room import MIB, Room, Staff, allotted, crowding, shared_out

STAFFS = st.builds(
    lambda present, more, memory, cores: Staff("p", present, present + more, memory, cores),
    st.integers(1, 50),
    st.integers(0, 50),
    st.none() | st.integers(1, 64),
    st.none() | st.integers(1, 100).map(lambda number: number / 100),
)
CORES = st.integers(1, 640).map(lambda number: number / 10)
ROOMS = st.builds(Room, st.none() | st.integers(0, 4000), st.none() | CORES)


@given(st.lists(STAFFS, max_size=4), ROOMS)
def test_what_is_given_fits_and_is_all_that_does(staffs: list[Staff], room: Room) -> None:
    given_out = shared_out(staffs, room)
    for staff, workers in zip(staffs, given_out, strict=True):
        assert staff.present <= workers <= staff.wanted
        assert workers == staff.present or staff.memory_each_bytes is not None
    if given_out != [staff.present for staff in staffs]:
        assert sum(
            workers * (staff.memory_each_bytes or 0) for staff, workers in zip(staffs, given_out, strict=True)
        ) <= (room.memory_bytes or 0)
    applied = [staff._replace(present=workers) for staff, workers in zip(staffs, given_out, strict=True)]
    assert shared_out(applied, room) == given_out


def test_one_pool_gets_what_the_laws_say() -> None:
    assert shared_out([Staff("p", 2, 99, 30, None)], Room(1000)) == [workers_by_memory(1000, 0, 30)]
    one = Staff("p", 1, 99, 1, 0.02 / 0.1)
    assert shared_out([one], Room(10**9, cores=2)) == [workers_by_cpu(2, 0.1, 0.02)]


def test_sums_that_are_exact_are_not_lost_to_rounding() -> None:
    one = Staff("p", 1, 500, 1.0, 0.05)
    (given_out,) = shared_out([one], Room(10**15, 14.0))
    assert given_out == 350
    assert shared_out([one._replace(present=given_out)], Room(10**15, 14.0)) == [350]


def test_what_may_idle_beside_the_others() -> None:
    staffs = [Staff("a", 10, 10, 10, None), Staff("b", 20, 20, 10, None), Staff("c", 5, 5, None, None)]
    assert [found.most_in_memory for found in allotted(staffs, Room(250))] == [5, 15, None]
    assert [found.most_in_memory for found in allotted(staffs, Room())] == [None] * 3


def test_pools_take_turns() -> None:
    assert shared_out([Staff("p", 1, 9, 10, None), Staff("p", 1, 9, 10, None)], Room(80)) == [4, 4]
    assert shared_out([Staff("p", 1, 2, 10, None), Staff("p", 1, 9, 10, None)], Room(80)) == [2, 6]


def test_what_others_have_is_not_given_twice() -> None:
    assert shared_out([Staff("p", 5, 5, 10, None), Staff("p", 1, 9, 10, None)], Room(80)) == [5, 3]


def test_workers_that_there_is_no_memory_for() -> None:
    large, small = Staff("p", 50, 50, 60 * MIB, None), Staff("p", 4, 4, 10 * MIB, None)
    staffs = [large, Staff("p", 2, 2, None, None), small]
    assert list(crowding(staffs, Room(3040 * MIB))) == []
    (words,) = crowding(staffs, Room(3040 * MIB - 1))
    assert "is 3040 MiB (p 50 * 60.0, p 4 * 10.0)" in words
    assert list(crowding(staffs, Room())) == []


def test_without_a_limit_of_memory_nobody_gets_more() -> None:
    assert shared_out([Staff("p", 1, 9, 10, None)], Room(cores=64)) == [1]
