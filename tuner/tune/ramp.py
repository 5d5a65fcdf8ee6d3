"""The spare servers of a dynamic pool: php-fpm starts workers step by step, and a burst does not wait."""

from collections.abc import Iterator, Mapping

from tuner.stack.model import Pool, Stack
from tuner.stack.value import Data
from tuner.tune.backlog import spot_in_section
from tuner.tune.demand import Demand
from tuner.tune.plan import Recommendation
from tuner.tune.prediction import UNNOTICED, Forecast
from tuner.tune.room import Allotment
from tuner.tune.workers import price

FORMULA = "the least spare servers with which the replay loses at most 0.1 % more than all workers at once"


def recommend_ramp(
    stack: Stack, pool: Pool, demand: Demand, changes: Mapping[str, Data], allotment: Allotment
) -> Iterator[Recommendation]:
    """Yield the spare servers with which a dynamic pool keeps up with the recorded traffic, or pm = static.

    `changes` are what is recommended of the pool already, `allotment` is what it has of the memory.
    """
    workers = int(changes.get("pm.max_children", pool.max_children.data or 0))
    traffic = demand.traffic(workers)
    if traffic is None or pool.pm.data != "dynamic" or demand.clients is not None:
        return
    forecast = Forecast(stack, pool, traffic, demand.deadline_s, demand.patience_s)
    best = forecast.share_of_ok({**changes, "pm": "static"})
    present = forecast.share_of_ok(changes)
    if best is None or present is None or present >= best - UNNOTICED:
        return
    tried = (
        (ramp, forecast.share_of_ok({**changes, **ramp}))
        for ramp in _ramps(pool, workers, _most_idle(workers, allotment))
    )
    enough = next((ramp for ramp, share in tried if share is not None and share >= best - UNNOTICED), None)
    if enough is None:
        return
    more = int(enough.get("pm.min_spare_servers", workers)) - int(pool.min_spare_servers.data or 0)
    why = (
        f"php-fpm starts too few workers a second, which loses {100 * (best - present):.1f} % of the "
        f"requests; at rest {price(demand, more)}"
    )
    for setting, number in enough.items():
        yield from _recommendation(pool, setting, number, why)
        why = f"goes with {next(iter(enough))}"


def _most_idle(workers: int, allotment: Allotment) -> int:
    most = allotment.most_in_memory
    return workers if most is None else min(workers, most)


def _ramps(pool: Pool, workers: int, most_workers: int) -> Iterator[dict[str, Data]]:
    """Yield numbers for a dynamic pool that keeps ever more workers idle, to half of `most_workers`.

    The last are all workers at once, where that many may idle.
    """
    spare, most = (int(value.data or 0) for value in (pool.min_spare_servers, pool.max_spare_servers))
    start = int(pool.start_servers.data or 0)
    while 0 < 2 * spare < most_workers:
        spare *= 2
        yield {
            "pm.min_spare_servers": spare,
            "pm.start_servers": min(most_workers, max(start, spare)),
            "pm.max_spare_servers": min(most_workers, max(most, start, 2 * spare)),
        }
    if most_workers >= workers:
        yield {"pm": "static"}


def _recommendation(pool: Pool, setting: str, number: Data, why: str) -> Iterator[Recommendation]:
    """Yield a setting, unless it is written like that."""
    present = {
        "pm": pool.pm,
        "pm.start_servers": pool.start_servers,
        "pm.min_spare_servers": pool.min_spare_servers,
        "pm.max_spare_servers": pool.max_spare_servers,
    }
    if present[setting].is_written and present[setting].data == number:
        return
    yield Recommendation(
        setting,
        "php-fpm",
        pool.entity,
        present[setting],
        number,
        why,
        FORMULA,
        tuple(present.values()),
        "reload",
        None,
        spot_in_section(pool),
        id(pool),
    )
