"""Which pool of the stacks a measured pool is: by its name and by the addresses its requests went to."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tuner.load.load_file import LoadFile, MeasuredPool
from tuner.stack.address import Endpoint, nginx_endpoint, pool_endpoint
from tuner.stack.model import Pool, Stack

NAMES_TOLD = 10


class Match(NamedTuple):
    """A pool of the stacks and the measured one that it is; `doubt` says why that is not sure, else empty."""

    pool: Pool
    measured: MeasuredPool
    doubt: str = ""


class Matches(NamedTuple):
    """The pools that the load file tells of, and in words what does not fit together."""

    found: list[Match]
    complaints: list[str]


class _Candidate(NamedTuple):
    stack: Stack
    pool: Pool
    endpoint: Endpoint | None


def match_pools(stacks: Sequence[Stack], load: LoadFile) -> Matches:
    """Return each pool that `load` tells of, once.

    Name and address decide together where both are known; where they lead to different pools, or to several
    of one host, or a pool is meant twice, the match has a doubt. A load of one host fits one host only.
    """
    candidates = [_Candidate(stack, pool, _endpoint(pool)) for stack in stacks for pool in stack.pools]
    found: dict[int, Match] = {}
    complaints: list[str] = []
    for measured in load.pools:
        chosen = _chosen(candidates, measured)
        doubt = _doubt(chosen, measured)
        if not chosen:
            complaints.append(_unmatched(candidates, measured))
        for candidate in chosen:
            other = found.get(id(candidate.pool))
            twice = f"{_named(other.measured)} and {_named(measured)} are both this pool" if other else ""
            found[id(candidate.pool)] = Match(candidate.pool, measured, twice or doubt)
    matches = list(found.values())
    complaints += dict.fromkeys(
        f"{_named(match.measured)}: {match.doubt}" for match in matches if match.doubt
    )
    left = list(dict.fromkeys(c.pool.name for c in candidates if id(c.pool) not in found))
    if left and found:
        complaints.append(f"nothing is said of {_listed(left)}")
    return Matches(matches, complaints)


def _chosen(candidates: Sequence[_Candidate], measured: MeasuredPool) -> list[_Candidate]:
    by_name = [candidate for candidate in candidates if candidate.pool.name == measured.name]
    targets = [nginx_endpoint(address) for address in (measured.name, *measured.upstreams)]
    by_address = [candidate for candidate in candidates if _is_reached(candidate, targets)]
    reached = {id(candidate.pool) for candidate in by_address}
    both = [candidate for candidate in by_name if id(candidate.pool) in reached]
    return both or [*by_name, *by_address]


def _is_reached(candidate: _Candidate, targets: Iterable[Endpoint | None]) -> bool:
    endpoint = candidate.endpoint
    return endpoint is not None and any(target and target.may_be(endpoint) for target in targets)


def _endpoint(pool: Pool) -> Endpoint | None:
    return pool_endpoint(str(pool.listen.data)) if pool.listen.is_known else None


def _doubt(chosen: Sequence[_Candidate], measured: MeasuredPool) -> str:
    hosts = {id(candidate.stack): candidate.stack.host_name for candidate in chosen}
    if len(hosts) < len(chosen):
        pools = [f"{c.pool.name} ({c.pool.listen.data or 'address unknown'})" for c in chosen]
        return f"which pool is it: {_listed(pools, 'or')}? Measure with --pool and --upstream"
    if len(hosts) > measured.hosts:
        return f"which host is it of: {_listed(list(hosts.values()), 'or')}? Check one host at a time"
    return ""


def _unmatched(candidates: Sequence[_Candidate], measured: MeasuredPool) -> str:
    there = list(dict.fromkeys(candidate.pool.name for candidate in candidates))
    known = f"those are {_listed(there)}" if there else "there is none"
    at = f", nor one on {_listed(measured.upstreams, 'or')}," if measured.upstreams else ""
    return f"{_named(measured)}: no pool of that name{at} in the files read; {known}"


def _named(measured: MeasuredPool) -> str:
    return f"pool {measured.name}"


def _listed(words: Sequence[str], last: str = "and") -> str:
    shown = [*words[:NAMES_TOLD], *([f"{len(words) - NAMES_TOLD} more"] if len(words) > NAMES_TOLD else [])]
    return f" {last} ".join(part for part in (", ".join(shown[:-1]), shown[-1]) if part)
