"""Service times by script, kept where scripts differ so much that one pool serves two kinds of traffic."""

from tuner.load.histogram import Histogram

UNLIKE = 3
"""Scripts whose mean service times lie this far apart are told."""

ENOUGH = 30
MOST_TRACKED = 1000
MOST_TOLD = 20


class ScriptTimes:
    """Counts service times of each of the first thousand scripts."""

    def __init__(self) -> None:
        self._times: dict[str, Histogram] = {}

    def add(self, script: str, service_us: int) -> None:
        """Count one execution."""
        found = self._times.get(script)
        if found is None:
            if len(self._times) >= MOST_TRACKED:
                return
            found = self._times[script] = Histogram()
        found.add(service_us)

    def unlike(self) -> list[tuple[str, Histogram]]:
        """Return the scripts that took most time in all, if the means of some differ by more than UNLIKE."""
        often = {name: times for name, times in self._times.items() if times.count >= ENOUGH}
        if len(often) < 2:
            return []
        means = [times.mean for times in often.values()]
        if max(means) <= UNLIKE * min(means):
            return []
        return sorted(often.items(), key=lambda item: (-item[1].total, item[0]))[:MOST_TOLD]
