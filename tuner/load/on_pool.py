"""A load on a pool of the stack: the one way by which declared and measured numbers come to it."""

from tuner.stack.model import Pool
from tuner.stack.pool_load import PoolLoad
from tuner.stack.queue_bounds import bound_queue


def put_load(pool: Pool, load: PoolLoad) -> None:
    """Give `pool` this load in place of any other, and bound its queue anew; a replay of another is gone."""
    pool.load = load
    pool.replay = None
    bound_queue(pool)
