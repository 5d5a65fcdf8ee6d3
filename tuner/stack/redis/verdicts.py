"""Which lines redis-server does not start with, and in which release, where the release is not known."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from tuner.stack.redis.loading import Settings
from tuner.stack.redis.reading import Reading, Refusal, read_settings
from tuner.stack.redis.releases import PROGRAMS, Release, known_releases, newest, possible_releases
from tuner.stack.redis.start import refuse_at_start
from tuner.stack.target import Target


class Verdict(NamedTuple):
    """A refused line. `releases` names those that refuse it, empty where every possible one does."""

    refusal: Refusal
    releases: str = ""


def read_server(settings: Settings, release: Release) -> Reading:
    """Return what `release` makes of all that the server loads, up to its start."""
    reading = read_settings(settings, release)
    refuse_at_start(reading, settings)
    return reading


def refused_lines(settings: Settings, target: Target) -> list[Verdict]:
    """Return the lines that stop the server.

    Where the release is not known, a file that some release takes as it is meant for that one, except for
    what the newest of both programs have given up. Otherwise it is meant for the newest that refuses least.
    """
    possible = possible_releases(settings.file.path, target)
    first = read_server(settings, _preferred(possible))
    if len(possible) == 1 or not first.refusals:
        return [Verdict(refusal) for refusal in first.refusals]
    return _over(possible, {release: read_server(settings, release) for release in possible})


def meant_release(settings: Settings, possible: Sequence[Release]) -> Release:
    """Return the release that a file is meant for: of those that refuse least of it the newest."""
    preferred = _preferred(possible)
    if len(possible) == 1 or not read_settings(settings, preferred).refusals:
        return preferred
    counts = {release: len(read_settings(settings, release).refusals) for release in possible}
    return _preferred([release for release in possible if counts[release] == min(counts.values())])


def _preferred(releases: Sequence[Release]) -> Release:
    """Return the newest Redis of `releases`, else the newest Valkey."""
    return next((r for r in reversed(releases) if r.program == "redis"), releases[-1])


def _over(possible: Sequence[Release], readings: Mapping[Release, Reading]) -> list[Verdict]:
    refused = {release: _by_place(reading.refusals) for release, reading in readings.items()}
    fewest = min(len(found) for found in refused.values())
    meant = _preferred([release for release in possible if len(refused[release]) == fewest])
    latest = [newest(program) for program in PROGRAMS if newest(program) in refused]
    # The last line of a list that grows may be refused for different reasons: the one of `meant` counts.
    every = {
        place: refusal
        for release in (*reversed(latest), meant)
        for place, refusal in refused[release].items()
    }
    verdicts = []
    for place, refusal in every.items():
        by = [release for release in possible if place in refused[release]]
        if meant in by or all(release in by for release in latest):
            words = "" if len(by) == len(possible) else in_words(by)
            verdicts.append(Verdict(refusal, words))
    return verdicts


def _by_place(refusals: Iterable[Refusal]) -> dict[tuple[str, int], Refusal]:
    found: dict[tuple[str, int], Refusal] = {}
    for refusal in refusals:
        found.setdefault((refusal.text.path, refusal.directive.span.start), refusal)
    return found


def in_words(releases: Sequence[Release]) -> str:
    """Return a set of releases as people write it: `Redis 7.0 and newer or Valkey`."""
    return " or ".join(
        words
        for program in PROGRAMS
        for words in _runs([r for r in known_releases() if r.program == program], releases)
    )


def _runs(all_of_program: Sequence[Release], chosen: Sequence[Release]) -> list[str]:
    name = all_of_program[0].program.capitalize()
    runs: list[list[int]] = []
    for at, release in enumerate(all_of_program):
        if release not in chosen:
            continue
        if runs and runs[-1][1] == at - 1:
            runs[-1][1] = at
        else:
            runs.append([at, at])
    return [_run(name, all_of_program, first, last) for first, last in runs]


def _run(name: str, releases: Sequence[Release], first: int, last: int) -> str:
    if first == 0 and last == len(releases) - 1:
        return name
    if last == len(releases) - 1:
        return f"{name} {releases[first].version} and newer"
    if first == 0:
        return f"{name} before {releases[last + 1].version}"
    return f"{name} {releases[first].version} up to before {releases[last + 1].version}"
