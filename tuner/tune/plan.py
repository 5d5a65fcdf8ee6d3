"""What a plan is made of: settings with the number they should have, and what that will change."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from tuner.laws.simulator.confidence import Range
from tuner.laws.simulator.setting import Setting
from tuner.laws.simulator.summary import Summary
from tuner.stack.value import Data, Place, Value

Program = Literal["kernel", "php-fpm", "nginx", "redis"]
Action = Literal["nothing", "set", "reload", "restart"]
"""What a program has to do until a setting is in force; `set` is done from outside while it runs."""

ORDER: tuple[Program, ...] = ("kernel", "redis", "php-fpm", "nginx")
"""In which programs are brought to take over what changed: a queue is cut when its program listens, and Redis
has room for all workers before they come."""


class Bounds(NamedTuple):
    """Between which numbers a setting does its work: what the traffic needs, and what the deadline allows.

    None is a bound that is not known. `need` above `limit`: no number does.
    """

    need: int | None
    limit: int | None

    @property
    def is_empty(self) -> bool:
        """Whether what the traffic needs is more than the deadline allows."""
        return self.need is not None and self.limit is not None and self.need > self.limit


class Spot(NamedTuple):
    """Where a setting that no file has yet would be written: in the block `name` around `place`.

    In `events` the place is the block itself, and in `listen` the directive that takes a parameter more.
    """

    place: Place
    name: str


class Recommendation(NamedTuple):
    """One setting and the value it should have.

    `formula` is the arithmetic in words and `inputs` the values that went into it; `requires` what its
    program has to do before it is in force. `spot` is where to write it if no file has it yet.
    `subject` is the identity of the pool or server: `entity` may be that of another PHP version's, too.
    `by_hand` is why no file may be changed for it, empty where one may. `is_shared`: others have their value
    from the same line and keep it, so that it is written at the spot instead.
    """

    setting: str
    program: Program
    entity: str
    present: Value
    recommended: Data
    why: str
    formula: str
    inputs: tuple[Value, ...]
    requires: Action
    bounds: Bounds | None = None
    spot: Spot | None = None
    subject: int = 0
    by_hand: str = ""
    is_shared: bool = False

    @property
    def is_inserted(self) -> bool:
        """Whether it takes a line, or a word, that no file has yet."""
        return self.spot is not None and (self.is_shared or self.present.origin.place is None)

    @property
    def place(self) -> Place | None:
        """Where it stands, or beside what or in which block it is to be; None where no file has that."""
        return self.spot.place if self.spot and self.is_inserted else self.present.origin.place


class Prediction(NamedTuple):
    """What a pool with `setting` makes of the recorded traffic; `ranges`, where they are known, hold it."""

    setting: Setting
    summary: Summary
    ranges: Mapping[str, Range] | None = None

    @property
    def share_of_ok(self) -> float:
        """Which part of the requests is answered in time."""
        return self.summary.shares["200"]


class Alternative(NamedTuple):
    """Another way, by the settings that it takes, with what it costs and what it would give."""

    title: str
    changes: Mapping[str, Data]
    price: str
    prediction: Prediction | None


class Estimate(NamedTuple):
    """Between which numbers something lies of which nobody knows enough to recommend one, and by what."""

    setting: str
    low: float
    high: float
    words: str


class PoolPlan(NamedTuple):
    """What the plan does to one pool.

    `survives_s` is the mean service time up to which the recommended queue is still answered in time, and
    `mean_service_time_s` what it is now;
    `estimates` are what can be said where nothing was recorded.
    """

    entity: str
    name: str
    bounds: Bounds | None
    before: Prediction | None
    after: Prediction | None
    alternatives: tuple[Alternative, ...]
    survives_s: float | None
    mean_service_time_s: float | None
    notes: tuple[str, ...]
    estimates: tuple[Estimate, ...] = ()


class Step(NamedTuple):
    """One thing to do after the plan is in the files, which brings `recommendations` in force.

    `command` is None where nobody knows what the host calls its service; `words` say it anyway.
    """

    program: Program
    words: str
    command: str | None
    cost: str
    recommendations: tuple[Recommendation, ...]


class Plan(NamedTuple):
    """Everything that is recommended for one host, and the steps that bring it in force, in their order."""

    host: str
    recommendations: tuple[Recommendation, ...]
    pools: tuple[PoolPlan, ...]
    notes: tuple[str, ...]
    steps: tuple[Step, ...] = ()

    def first_steps(self) -> dict[int, Step]:
        """Return the first step of each recommendation, by its identity; one that needs none is missing."""
        return {id(found): step for step in reversed(self.steps) for found in step.recommendations}
