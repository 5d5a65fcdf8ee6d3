"""What comes to a pool, and what its queue makes of it: the parts of the model that the load decides."""

from typing import Literal

from tuner.stack.entity import Entity
from tuner.stack.value import Value

LoadKind = Literal["none", "declared", "measured"]


class PoolLoad(Entity):
    """What comes to a pool: requests a second, and how long they take a worker without the wait for one.

    `kind` is `none` where nobody said anything of it. `arrival_rate` is the declared one, or the mean of the
    busiest ten seconds that were measured. `service_time` is the mean, `service_time_cv` the coefficient of
    variation (standard deviation over mean).
    """

    kind: LoadKind
    arrival_rate: Value
    service_time: Value
    service_time_p95: Value
    service_time_p99: Value
    service_time_cv: Value


class PoolQueue(Entity):
    """What a pool's accept queue means in time, by the laws of `tuner.laws.queueing`.

    `first_timeout` ends a slow request: the longest fastcgi_read_timeout, or request_terminate_timeout where
    that is known to be shorter.
    `capacity` is what all its workers serve, in requests a second, `utilisation` the arrivals' share of it.
    `enough_workers` is how many it takes so that hardly a request waits for one.
    `largest_backlog` is the longest queue whose last request is answered before nginx gives up. Of the queue
    in force, `drain_time` is how long it takes to be served when full, `answer_time` when the last request of
    it has its answer, and `longest_mean_service_time` the slowest traffic of which all is answered in time;
    `unclamped_mean_service_time` is the same of the backlog as it is asked for, were net.core.somaxconn as
    large.
    """

    shortest_read_timeout: Value
    first_timeout: Value
    capacity: Value
    utilisation: Value
    enough_workers: Value
    largest_backlog: Value
    drain_time: Value
    answer_time: Value
    longest_mean_service_time: Value
    unclamped_mean_service_time: Value


class PoolReplay(Entity):
    """The measured time that asks most of a pool, replayed with the pool as its files have it.

    Of so many `requests`, `refused` find the queue full while all of pm.max_children are there, and `late`
    wait for longer than the shortest fastcgi_read_timeout. `needed_backlog` is the one that takes in the
    whole excess of arrivals. With pool.queue.largest_backlog, `refused_at_largest` find the queue full.
    `lost_to_ramp` are refused or late only because pm = dynamic starts children step by step.
    """

    requests: Value
    needed_backlog: Value
    refused: Value
    refused_at_largest: Value
    late: Value
    lost_to_ramp: Value
