"""Exact results for queues with exponential times: how often a request waits, and how often it is lost.

Offered load is in erlangs: arrivals a second times the mean service time, the workers that would be busy.
Erlang 1917; the recursions are those of textbooks (Allen, "Probability, Statistics, and Queueing Theory").
They hold in the long run: an overload of seconds or minutes is what the simulator is for.
"""

from math import exp, log

from tuner.laws.checks import check_backlog, check_not_negative, check_positive, check_workers


def blocking(offered_erlangs: float, workers: int) -> float:
    """Return Erlang's B: the share that is lost where nothing can wait.

    Raises ValueError for a negative load or no worker.
    """
    check_not_negative("offered load", offered_erlangs)
    check_workers(workers)
    lost = 1.0
    for number in range(1, workers + 1):
        lost = offered_erlangs * lost / (number + offered_erlangs * lost)
    return lost


def waiting(offered_erlangs: float, workers: int) -> float:
    """Return Erlang's C: the share that waits where any number can wait; 1 from full utilisation on.

    Raises ValueError for a negative load or no worker.
    """
    lost = blocking(offered_erlangs, workers)
    utilisation = offered_erlangs / workers
    return 1.0 if utilisation >= 1 else lost / (1 - utilisation * (1 - lost))


def fewest_workers(offered_erlangs: float, share_that_waits: float) -> int:
    """Return the fewest workers with which at most that share of the requests waits.

    Raises ValueError for a negative load or a share outside 0 to 1, both excluded.
    """
    check_not_negative("offered load", offered_erlangs)
    if not 0 < share_that_waits < 1:
        raise ValueError(f"a share lies between 0 and 1: {share_that_waits}")
    workers, lost = 1, offered_erlangs / (1 + offered_erlangs)
    while (
        workers <= offered_erlangs or lost / (1 - offered_erlangs / workers * (1 - lost)) > share_that_waits
    ):
        workers += 1
        lost = offered_erlangs * lost / (workers + offered_erlangs * lost)
    return workers


def state_shares(arrivals_per_s: float, services_per_s: float, workers: int, backlog: int) -> list[float]:
    """Return how likely 0, 1, ... requests are in a pool whose queue holds backlog + 1 (M/M/c/K).

    `services_per_s` is what one worker serves, 1 / (s + o). The last entry is the share that is refused: on a
    unix socket 502. Raises ValueError for rates that are not positive, no worker, or a negative backlog.
    """
    check_positive("arrival rate", arrivals_per_s)
    check_positive("service rate", services_per_s)
    check_workers(workers)
    check_backlog(backlog)
    offered = arrivals_per_s / services_per_s
    logs = [0.0]
    for number in range(1, workers + backlog + 2):
        logs.append(logs[-1] + log(offered / min(number, workers)))
    largest = max(logs)
    weights = [exp(one - largest) for one in logs]
    total = sum(weights)
    return [weight / total for weight in weights]


def refused_share(arrivals_per_s: float, services_per_s: float, workers: int, backlog: int) -> float:
    """Return the share of requests that find the queue full, in the long run.

    In overload that tends to 1 - 1 / utilisation, whatever the backlog. Raises as `state_shares`.
    """
    return state_shares(arrivals_per_s, services_per_s, workers, backlog)[-1]
