"""What a check finds: findings, undecided rules, and what they rest on."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from tuner.source.text import encode
from tuner.stack.value import Place, Value

Severity = Literal["error", "warning", "info", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info", "note")
"""From the gravest to the mildest."""

Certainty = Literal["certain", "conditional"]
Role = Literal["primary", "related"]


class Location(NamedTuple):
    """A place that belongs to a finding. `note` says in a few words what stands there."""

    role: Role
    place: Place
    note: str = ""


class Finding(NamedTuple):
    """One rule, true for one entity.

    `condition` is None when it is certain, else the case in which it holds ("kernel < 5.4"). `evidence`
    is what the deciding operands of the rule's condition read, with everything those were derived from.
    `locations` begins with the primary one; it is empty when no file set any of the evidence.
    `requires` says what must be restarted for the cure to take effect, or is empty. `hosts` are those it was
    found on, where several were judged.
    """

    rule: str
    name: str
    title: str
    severity: Severity
    certainty: Certainty
    condition: str | None
    entity: str
    message: str
    fix: str
    requires: str
    locations: tuple[Location, ...]
    evidence: tuple[Value, ...]
    hosts: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """A hash of rule, file, entity and directive: it survives edits that move lines or change values."""
        from hashlib import sha256

        primary = self.locations[0].place.text.path if self.locations else ""
        directive = next((v.label for v in self.evidence if v.origin.place), "")
        parts = "\0".join((self.rule, primary, self.entity, directive))
        return sha256(encode(parts)).hexdigest()[:16]


class Undecided(NamedTuple):
    """A rule that could not be decided for one entity; `missing` are the unknown values it needs.

    `hosts` as in `Finding`.
    """

    rule: str
    name: str
    entity: str
    missing: tuple[str, ...]
    hint: str
    hosts: tuple[str, ...] = ()


class RuleCrash(NamedTuple):
    """A rule that failed while it was evaluated: a fault of fpmtune or of the rule, never of the files."""

    rule: str
    entity: str
    error: str


class Judgement:
    """Everything that a set of rules says of one or more stacks."""

    def __init__(
        self,
        findings: Sequence[Finding],
        undecided: Sequence[Undecided],
        crashes: Sequence[RuleCrash] = (),
    ) -> None:
        self.findings = findings
        self.undecided = undecided
        self.crashes = crashes

    def count(self, severity: Severity) -> int:
        """Return how many findings have this severity."""
        return sum(1 for finding in self.findings if finding.severity == severity)
