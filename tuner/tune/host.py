"""The plan of one host: its pools, and what they have in common."""

from collections.abc import Iterator, Sequence

from tuner.load.pool_setting import SOMAXCONN
from tuner.stack.model import Stack
from tuner.tune.connections import recommend_connections
from tuner.tune.demand import Records, Wishes, demand_of
from tuner.tune.kernel import BACKLOGS, recommend_somaxconn, unclamped
from tuner.tune.listens import recommend_listens, wanted_queues
from tuner.tune.plan import ORDER, Plan, Recommendation
from tuner.tune.pool import Host, pool_plan, study
from tuner.tune.redis import missing_files, pins_of_redis, queues_of_redis, recommend_redis
from tuner.tune.room import allotted, crowding
from tuner.tune.sharing import of_own, other_lines
from tuner.tune.steps import steps_of
from tuner.tune.syn_backlog import recommend_max_syn_backlog
from tuner.tune.timeouts import recommend_connect_timeouts
from tuner.tune.workers import staff_of


def plan_host(stack: Stack, records: Records, wishes: Wishes) -> Plan:
    """Return the plan of a host whose pools have their load on them.

    Of a pool without a record nothing is predicted: its load was declared.
    """
    demands = [demand_of(pool, records.get(id(pool)), wishes) for pool in stack.pools]
    staffs = [staff_of(pool, demand) for pool, demand in zip(stack.pools, demands, strict=True)]
    shares = allotted(staffs, wishes.room)
    timeouts = tuple(recommend_connect_timeouts(stack))
    host = Host(stack, wishes, timeouts)
    studies = [study(host, *of_pool) for of_pool in zip(stack.pools, demands, shares, strict=True)]
    recommended = [found for one in studies for found in one.recommendations]
    recommended += recommend_redis(stack, recommended)
    known = {id(one.pool): one.demand for one in studies if one.demand is not None}
    queues = wanted_queues(stack, known)
    recommended += recommend_listens(stack, queues)
    backlogs = [found for found in recommended if found.setting in BACKLOGS]
    recommended = [found for found in recommended if not _is_written(found)]
    more = (*(wanted.backlog for wanted in queues), *queues_of_redis(stack, recommended))
    recommended += recommend_somaxconn(stack, backlogs, more, may_lower=wishes.may_lower)
    recommended += [
        pin
        for found in recommended
        if found.setting == SOMAXCONN and int(found.recommended) > int(found.present.data or 0)
        for pin in pins_of_redis(stack, recommended, int(found.recommended))
    ]
    recommended += recommend_max_syn_backlog(stack, recommended)
    recommended += timeouts
    pools = tuple(pool_plan(stack, one, recommended, wishes) for one in studies)
    after = {id(pool): found.after for pool, found in zip(stack.pools, pools, strict=True) if found.after}
    recommended += recommend_connections(stack, known, recommended, after)
    recommended = [*of_own(stack, recommended), *other_lines(stack, recommended)]
    recommended.sort(key=lambda found: ORDER.index(found.program))
    return Plan(
        stack.host_name,
        tuple(recommended),
        pools,
        (*_notes(stack, recommended), *crowding(staffs, wishes.room)),
        steps_of(stack, recommended, queues),
    )


def _is_written(found: Recommendation) -> bool:
    """Say whether the file has the number already: it may have to be let through all the same."""
    return found.present.is_written and found.present.data == found.recommended


def _notes(stack: Stack, recommended: Sequence[Recommendation]) -> Iterator[str]:
    largest = max((int(found.recommended) for found in recommended if found.setting in BACKLOGS), default=0)
    somaxconn = stack.kernel.somaxconn
    if largest and not somaxconn.is_known:
        yield f"{SOMAXCONN} is not known ({somaxconn.origin.words}): it has to be at least {largest}"
    for redis in stack.redis:
        files = missing_files(redis, stack, recommended)
        if files is not None:
            yield f"{redis.entity} can serve all workers only with {files} open files (its unit)"
    if any(found.setting == SOMAXCONN for found in recommended):
        for listener in unclamped(stack, recommended):
            yield (
                f"the larger {SOMAXCONN} also lengthens the queue of {listener.address} ({listener.owner}), "
                f"which asks for {listener.backlog.data}: write there what it needs"
            )
