"""A value that knows where it came from: the centre of the model."""

from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

from tuner.source.span import Span
from tuner.source.text import Text
from tuner.stack.condition import Condition, Conditions, World, holds_in, worlds

Data = int | float | str | bool
OriginKind = Literal[
    "file", "default", "target", "declared", "measured", "derived", "live", "refused", "unknown"
]
State = Literal["known", "unknown", "absent", "disabled"]


class Place(NamedTuple):
    """A span of one file."""

    text: Text
    span: Span

    @property
    def source(self) -> str:
        """What stands there, as it is written."""
        return self.text.slice(self.span)

    def __str__(self) -> str:
        """Return `path:line`, as messages show it."""
        return f"{self.text.path}:{self.text.line_number(self.span.start)}"


class Origin(NamedTuple):
    """Who set a value: a place in a file, or in words what else did.

    `live` is what a running machine has, with the place of the file that sets the same, if one does.
    `measured` is what the traffic did, from a load file; its words name the file and the pool.
    `refused` is a value that a file sets and the program does not take; `unknown` may have a place too
    (a template's hole).
    """

    kind: OriginKind
    words: str
    place: Place | None = None

    def __str__(self) -> str:
        """Return the origin as a person reads it."""
        return str(self.place) if self.place else self.words


class Option(NamedTuple):
    """One possible value and the case in which it holds; `data` None: even then it is not known."""

    data: Data | None
    conditions: Conditions
    words: str = ""
    place: Place | None = None


class Override(NamedTuple):
    """A setting that lost against the value in force, and why."""

    data: Data
    origin: Origin
    reason: str


class Value(NamedTuple):
    """One number or word of the model.

    `name` is its path in the model (`kernel.somaxconn`), `label` the program's own word for it
    (`net.core.somaxconn`). `absent` is a value (the setting has no default and nobody set it), unknown
    is not; `disabled` is a setting that 0 or `off` switches off. `data` is None unless known, except that
    a disabled value keeps what was written. `default` is what the program would take if nobody wrote it.
    """

    name: str
    data: Data | None
    origin: Origin
    unit: str = ""
    state: State = "known"
    label: str = ""
    options: tuple[Option, ...] = ()
    overrides: tuple[Override, ...] = ()
    inputs: "tuple[Value, ...]" = ()
    default: Data | None = None

    @property
    def is_known(self) -> bool:
        """Whether `data` is the value in force."""
        return self.state == "known"

    @property
    def is_written(self) -> bool:
        """Whether a person wrote it: in a file, be it only a template's hole, or as a declaration."""
        return self.origin.place is not None or self.origin.kind == "declared"

    @property
    def is_refused(self) -> bool:
        """Whether a file sets something that the program does not take."""
        return self.origin.kind == "refused"

    @property
    def is_own_choice(self) -> bool:
        """Whether somebody wrote it and it differs from what the program would take by itself."""
        return self.is_written and (self.default is None or self.data != self.default)

    @property
    def is_observed(self) -> bool:
        """Whether it was seen: in the traffic, or on a machine on which it would not be by itself."""
        if self.origin.kind == "measured":
            return self.is_known
        is_known = self.origin.kind == "live" and self.is_known and self.default is not None
        return is_known and self.data != self.default

    @property
    def set_by(self) -> str:
        """Who set it, as a person reads it: `nginx.conf:12`, `default of nginx`."""
        return str(self.origin)

    def option_in(self, world: World) -> Option | None:
        """Return the option that holds in `world`, or None."""
        return next((o for o in self.options if holds_in(o.conditions, world)), None)

    def resolved_in(self, world: World) -> "Value":
        """Return this value as it is in `world`; still unknown where no option says more."""
        if self.state != "unknown":
            return self
        option = self.option_in(world)
        if option is None or option.data is None:
            return self._replace(options=())
        return self._replace(data=option.data, state="known", options=(), origin=_origin_of(option, self))

    def renamed(self, name: str, label: str = "") -> "Value":
        """Return the same value under another name of the model."""
        return self._replace(name=name, label=label or self.label)


def _origin_of(option: Option, value: Value) -> Origin:
    kind: OriginKind = "file" if option.place else "default"
    return Origin(kind, option.words or value.origin.words, option.place)


def doubted(value: Value, *, kept: str, lost: str, reason: str) -> Value:
    """Return `value` with the doubt that something unseen sets it: the cases are called `kept` and `lost`."""
    cause = f"{value.label}: {lost}"
    known = value.options
    if value.is_known:
        known = (Option(value.data, (), str(value.origin), value.origin.place),)
    stays = Condition(cause, choice=kept)
    options = (
        *(option._replace(conditions=(*option.conditions, stays)) for option in known),
        Option(None, (Condition(cause, choice=lost),)),
    )
    origin = Origin("unknown", reason, value.origin.place)
    return value._replace(data=None, state="unknown", origin=origin, options=options)


def may_be_set_by(value: Value, other: str) -> Value:
    """Return `value` with the doubt that `other`, a file that was not read, has the last word on it."""
    return doubted(
        value,
        kept=f"{other} does not set {value.label}",
        lost=f"{other} sets {value.label}",
        reason=f"{other} may set {value.label}: it is not among the given paths",
    )


def unknown(name: str, reason: str, *, unit: str = "", label: str = "", place: Place | None = None) -> Value:
    """Return a value that nothing fixes; `reason` says what would."""
    return Value(name, None, Origin("unknown", reason, place), unit, "unknown", label)


def absent(name: str, words: str = "not set", *, unit: str = "", label: str = "") -> Value:
    """Return the value of a setting that nobody set and that has no default."""
    return Value(name, None, Origin("default", words), unit, "absent", label)


def undetermined(
    name: str, options: Iterable[Option], reason: str, *, unit: str = "", label: str = ""
) -> Value:
    """Return an unknown value with its possible values; a single unconditional one is simply known."""
    merged = _merge_equal(list(options))
    if len(merged) == 1 and merged[0].data is not None:
        return Value(name, merged[0].data, Origin("default", merged[0].words), unit, label=label)
    return Value(name, None, Origin("unknown", reason), unit, "unknown", label, tuple(merged))


def _merge_equal(options: list[Option]) -> list[Option]:
    if options and all(o.data == options[0].data and o.data is not None for o in options):
        return [options[0]._replace(conditions=())]
    merged: list[Option] = []
    for option in options:
        joined = _joined(merged[-1], option) if merged else None
        if joined:
            merged[-1] = joined
        else:
            merged.append(option)
    return merged


def _joined(first: Option, second: Option) -> Option | None:
    if first.data != second.data or len(first.conditions) != 1 or len(second.conditions) != 1:
        return None
    (a,), (b,) = first.conditions, second.conditions
    if a.cause != b.cause or a.choice or a.until is None or a.until != b.since:
        return None
    return first._replace(conditions=(Condition(a.cause, a.since, b.until),))


def derive(
    name: str,
    function: Callable[..., Data | None],
    *inputs: Value,
    unit: str = "",
    label: str = "",
    words: str = "",
) -> Value:
    """Return `function` of the inputs' data as a value; `words` says the arithmetic (`min(a, b)`).

    An input that is absent or disabled makes the result absent; unknown inputs with options make a result
    with options, in every world the inputs allow. `function` may return None for "not known even so".
    """
    origin = Origin("derived", words or name)
    if any(value.state in ("absent", "disabled") for value in inputs):
        return Value(name, None, origin, unit, "absent", label, inputs=inputs)
    if all(value.is_known for value in inputs):
        data = function(*(value.data for value in inputs))
        state: State = "unknown" if data is None else "known"
        return Value(name, data, origin, unit, state, label, inputs=inputs)
    options = tuple(_merge_equal(_derived_options(function, inputs)))
    if len(options) == 1 and options[0].data is not None:
        return Value(name, options[0].data, origin, unit, label=label, inputs=inputs)
    reason = "; ".join(dict.fromkeys(v.origin.words for v in inputs if v.state == "unknown"))
    return Value(name, None, Origin("unknown", reason), unit, "unknown", label, options, inputs=inputs)


def _derived_options(function: Callable[..., Data | None], inputs: tuple[Value, ...]) -> list[Option]:
    uncertain = [value for value in inputs if value.state == "unknown"]
    if not all(value.options for value in uncertain):
        return []
    options = []
    for world in worlds(option.conditions for value in uncertain for option in value.options):
        resolved = [value.resolved_in(world) for value in inputs]
        known = all(value.is_known for value in resolved)
        data = function(*(value.data for value in resolved)) if known else None
        options.append(Option(data, tuple(world.values())))
    return options
