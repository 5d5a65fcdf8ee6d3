"""The table of the laws: which function states each, and that each refuses what is outside its domain.

The numbers of the laws are those of the literature list of queueing: L1 capacity to L17 length of a trace.
What a function returns is tested beside the law's kin, in the files named here.
"""

from collections.abc import Callable
from math import inf, nan
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tuner.laws import burst, collapse, erlang, path_limits, process_manager, queueing, staffing, steady_state
from tuner.laws.somaxconn import lengthened

HERE = Path(__file__).parent


class Law(NamedTuple):
    """A function, arguments within its domain, and the file with the test of its results."""

    states: Callable[..., Any]
    arguments: dict[str, Any]
    tested_in: str
    free: frozenset[str] = frozenset()
    """Arguments that are no amounts, or may be anything."""


STEADY = {"capacity": 80, "utilisation": 0.8}
SPARES = {"started": 1, "max_children": 9, "min_spare_servers": 1, "max_spawn_rate": 32}
DRAIN = {"backlog": 8, "capacity": 80}

LAWS: dict[str, list[Law]] = {
    "L1": [
        Law(
            queueing.capacity_per_s,
            {"workers": 8, "mean_service_time_s": 0.1, "overhead_s": 0},
            "test_queueing.py",
        ),
        Law(queueing.cpu_capacity_per_s, {"cores": 2, "cpu_time_s": 0.02}, "test_laws.py"),
    ],
    "L2": [
        Law(queueing.utilisation, {"arrivals_per_s": 120, "capacity": 80}, "test_queueing.py"),
        Law(queueing.offered_erlangs, {"arrivals_per_s": 120, "mean_service_time_s": 0.1}, "test_laws.py"),
    ],
    "L3": [
        Law(
            erlang.refused_share,
            {"arrivals_per_s": 120, "services_per_s": 10, "workers": 8, "backlog": 8},
            "test_erlang.py",
        )
    ],
    "L4": [
        Law(
            queueing.largest_backlog,
            {"capacity": 80, "timeout_s": 1, "service_time_p95_s": 0.3, "cv": 1, "z": 2},
            "test_queueing.py",
        )
    ],
    "L5": [
        Law(
            burst.largest_excess,
            {"arrivals_s": [0.0], "capacity": 80},
            "test_erlang.py",
            frozenset({"arrivals_s"}),
        ),
        Law(burst.needed_backlog, {"excess": 80, "workers": 8, "cv": 1, "z": 2}, "test_erlang.py"),
    ],
    "L6": [
        Law(
            burst.workers_for_burst,
            {
                "burst_per_s": 320,
                "duration_s": 10,
                "mean_service_time_s": 0.05,
                "timeout_s": 1,
                "service_time_p95_s": 0.15,
            },
            "test_erlang.py",
        )
    ],
    "L7": [Law(burst.choose_backlog, {"needed": 9, "largest": 12}, "test_laws.py")],
    "L8": [
        Law(
            collapse.onset_s,
            {"arrivals_per_s": 120, "capacity": 80, "timeout_s": 1, "mean_service_time_s": 0.1},
            "test_erlang.py",
        ),
        Law(
            collapse.dead_time_s,
            {**DRAIN, "timeout_s": 1, "mean_service_time_s": 0.1, "calm_arrivals_per_s": 60, "queued": 9},
            "test_erlang.py",
        ),
        Law(
            collapse.is_permanent,
            {"calm_arrivals_per_s": 60, "capacity": 80, "retries": 1},
            "test_erlang.py",
        ),
    ],
    "L9": [
        Law(
            queueing.enough_workers,
            {"arrivals_per_s": 80, "mean_service_time_s": 0.1, "beta": 1.42, "overhead_s": 0},
            "test_queueing.py",
        ),
        Law(
            staffing.workers_by_memory,
            {"available_bytes": 9, "reserve_bytes": 1, "worker_p95_bytes": 2},
            "test_laws.py",
        ),
        Law(
            staffing.workers_by_cpu,
            {"cores": 2, "mean_service_time_s": 0.1, "cpu_time_s": 0.02, "headroom": 1},
            "test_laws.py",
        ),
    ],
    "L10": [
        Law(
            steady_state.mean_wait_s,
            {
                "arrivals_per_s": 64,
                "mean_service_time_s": 0.1,
                "workers": 8,
                "service_cv": 1,
                "arrival_dispersion": 1,
            },
            "test_erlang.py",
        ),
        Law(steady_state.p99_wait_s, {"mean_s": 1, "share_that_waits": 0.5}, "test_erlang.py"),
        Law(
            steady_state.dispersion_of_counts,
            {"arrivals_s": [0.0, 1.0, 2.5], "window_s": 1},
            "test_laws.py",
            frozenset({"arrivals_s"}),
        ),
    ],
    "L11": [
        Law(
            steady_state.share_of_full_tries,
            {"arrivals_per_s": 120, "capacity": 80, "tries": 4},
            "test_erlang.py",
        )
    ],
    "L12": [
        Law(path_limits.largest_closed_queue, {"clients": 64, "workers": 8}, "test_erlang.py"),
        Law(
            path_limits.closed_response_time_s,
            {"clients": 64, "capacity": 80, "think_time_s": 0},
            "test_erlang.py",
        ),
    ],
    "L13": [
        Law(
            path_limits.largest_useful_backlog,
            {
                "somaxconn": 4096,
                "nginx_connections": 768,
                "nginx_open_files": 1024,
                "is_tcp": True,
                "memory_bytes": 1 << 20,
            },
            "test_erlang.py",
            frozenset({"is_tcp"}),
        ),
        Law(path_limits.max_conns_for, {"workers": 8, "backlog": 40}, "test_erlang.py"),
        Law(
            path_limits.requests_held,
            {"worker_connections": 20, "listeners": 2, "kept_connections": 0, "worker_processes": 1},
            "test_path_limits.py",
        ),
        Law(
            path_limits.needed_worker_connections,
            {"requests": 8, "listeners": 2, "kept_connections": 0},
            "test_path_limits.py",
        ),
    ],
    "L14": [
        Law(
            process_manager.ramp_s, SPARES, "test_process_manager.py", frozenset({"started", "max_children"})
        ),
        Law(process_manager.ramp_queue, {"arrivals_per_s": 40, "service_s": 0.1, **SPARES}, "test_laws.py"),
    ],
    "L15": [
        Law(queueing.answer_time_s, {**DRAIN, "service_time_p95_s": 0.3, "cv": 1, "z": 2}, "test_queueing.py")
    ],
    "L16": [
        Law(
            lengthened,
            {"backlogs": {"q": 511}, "before": 128, "after": 4096},
            "test_laws.py",
            frozenset({"backlogs"}),
        )
    ],
    "L17": [
        Law(steady_state.relaxation_time_s, STEADY, "test_erlang.py"),
        Law(steady_state.long_enough_trace_s, STEADY, "test_laws.py"),
    ],
}
STATED = [
    pytest.param(law, id=f"{number} {law.states.__name__}") for number, laws in LAWS.items() for law in laws
]


def test_every_law_is_stated() -> None:
    assert list(LAWS) == [f"L{number}" for number in range(1, 18)]


@pytest.mark.parametrize("law", STATED)
def test_a_law_is_documented_and_its_results_are_tested(law: Law) -> None:
    assert "Raises" in (law.states.__doc__ or "")
    assert f"{law.states.__name__}(" in (HERE / law.tested_in).read_text()
    law.states(**law.arguments)


@pytest.mark.parametrize("nonsense", [-1, nan, -inf])
@pytest.mark.parametrize("law", STATED)
def test_a_law_refuses_what_is_outside_its_domain(law: Law, nonsense: float) -> None:
    for name in law.arguments.keys() - law.free:
        with pytest.raises(ValueError, match=r"\S+ \S+"):
            law.states(**{**law.arguments, name: nonsense})


def test_order_of_timeouts_refuses_negative_times() -> None:
    with pytest.raises(ValueError, match="negative"):
        path_limits.timeouts_out_of_order(path_limits.Timeouts(-1, None, 60, None, None))
