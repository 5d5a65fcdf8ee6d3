"""One replay by the engine that fits the setting."""

from collections.abc import Sequence
from itertools import islice
from operator import le

from tuner.laws.simulator.events import EventReplay
from tuner.laws.simulator.plain import replay_plain
from tuner.laws.simulator.replay import REFUSED, Replay
from tuner.laws.simulator.setting import Setting


def replay(
    arrivals_s: Sequence[float],
    services_s: Sequence[float],
    setting: Setting,
    *,
    processors: int = 1,
    seed: int = 1,
) -> Replay:
    """Replay requests that arrive at `arrivals_s` and take `services_s` of a worker; both have one length.

    Raises ValueError where the arrivals are not in order, a time is negative, or the lengths differ.
    """
    _check(arrivals_s, services_s)
    if setting.is_plain:
        return replay_plain(arrivals_s, services_s, setting)
    if setting.is_plain_without_overflow and processors == 1:
        found = replay_plain(arrivals_s, services_s, setting)
        if REFUSED not in found.outcomes:
            return found
    return EventReplay(arrivals_s, services_s, setting, processors=processors, seed=seed).run()


def _check(arrivals_s: Sequence[float], services_s: Sequence[float]) -> None:
    if len(arrivals_s) != len(services_s):
        raise ValueError(f"{len(arrivals_s)} arrivals and {len(services_s)} service times")
    if not arrivals_s:
        return
    if arrivals_s[0] < 0 or min(services_s) < 0:
        raise ValueError("a time is negative")
    if not all(map(le, arrivals_s, islice(arrivals_s, 1, None))):
        raise ValueError("the arrivals are not in order of time")
