"""Rules over stacks: the judgement."""

from collections.abc import Collection, Container, Iterable, Sequence

from tuner.errors import RuleError
from tuner.judge.across_hosts import merge_findings, merge_undecided
from tuner.judge.concern import IsAsked, is_entity_asked
from tuner.judge.evaluate import Environment, evaluate, value_at
from tuner.judge.evidence import evidence_of, locations_of, rests_on_choice, unknown_leaves
from tuner.judge.finding import SEVERITIES, Finding, Judgement, RuleCrash, Severity, Undecided
from tuner.judge.outcome import Reads
from tuner.judge.rule import CompiledRule
from tuner.judge.scopes import SCOPES, environment
from tuner.judge.selection import selected
from tuner.judge.worlds import Verdict, decide
from tuner.stack.condition import World
from tuner.stack.entity import Entity
from tuner.stack.line_entities import FileProblem
from tuner.stack.model import Stack
from tuner.stack.value import Place, Value


def judge(
    stacks: Iterable[Stack],
    rules: Sequence[CompiledRule],
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    broken: Collection[str] = (),
    is_asked: IsAsked | None = None,
) -> Judgement:
    """Return what the selected rules say of every entity of the stacks, sorted by place and rule.

    A rule that fails becomes a RuleCrash and the others go on. `broken` are ids and names of rules that
    could not be read. Findings name their host where there are several. Of files that are not `is_asked` only
    what concerns the others is judged. Raises UsageError for an unknown selector.
    """
    active = selected(rules, select, ignore, broken)
    found: list[Finding] = []
    undecided: list[Undecided] = []
    crashes: list[RuleCrash] = []
    judged = list(stacks)
    for stack in judged:
        hosts, test_data = (stack.host_name,) if len(judged) > 1 else (), frozenset(stack.test_data)
        for compiled in active:
            for entity in _entities(compiled, stack, is_asked):
                match _judged(compiled, stack, entity):
                    case Finding() as finding:
                        found.append(_weighed(finding, test_data)._replace(hosts=hosts))
                    case Undecided() as open_question:
                        undecided.append(open_question._replace(hosts=hosts))
                    case RuleCrash() as crash:
                        crashes.append(crash)
    return Judgement(merge_findings(sorted(found, key=_order)), merge_undecided(undecided), crashes)


def _weighed(finding: Finding, test_data: Container[str]) -> Finding:
    """Return the finding, as a note where it is about a file that is likely to be wrong on purpose."""
    is_on_purpose = finding.locations and finding.locations[0].place.text.path in test_data
    return finding._replace(severity=SEVERITIES[-1]) if is_on_purpose else finding


def _entities(compiled: CompiledRule, stack: Stack, is_asked: IsAsked | None) -> Sequence[Entity]:
    entities = SCOPES[compiled.rule.scope].entities(stack)
    return [e for e in entities if is_entity_asked(e, is_asked)] if is_asked else entities


def _judged(compiled: CompiledRule, stack: Stack, entity: Entity) -> Finding | Undecided | RuleCrash | None:
    names = environment(compiled.rule.scope, stack, entity)
    try:
        verdict = decide(compiled.when, names)
        if verdict.kind == "pass":
            return None
        if verdict.kind == "undecided":
            return _undecided(compiled, entity, verdict)
        return _finding(compiled, entity, names, verdict)
    except RuleError as error:
        return RuleCrash(compiled.rule.id, entity.entity, str(error))
    except Exception as error:
        # Whatever one rule does, the others are still checked.
        return RuleCrash(compiled.rule.id, entity.entity, f"{type(error).__name__}: {error}")


def _undecided(compiled: CompiledRule, entity: Entity, verdict: Verdict) -> Undecided:
    missing = unknown_leaves(verdict.missing)
    hint = "; ".join(dict.fromkeys(value.origin.words for value in missing if value.origin.words))
    names = tuple(dict.fromkeys(value.name for value in missing))
    return Undecided(compiled.rule.id, compiled.rule.name, entity.entity, names, hint)


def _finding(compiled: CompiledRule, entity: Entity, names: Environment, verdict: Verdict) -> Finding:
    rule = compiled.rule
    evidence = evidence_of(verdict.reads)
    return Finding(
        rule=rule.id,
        name=rule.name,
        title=rule.title,
        severity=_severity(compiled, entity, names, verdict, evidence),
        certainty="conditional" if verdict.kind == "conditional" else "certain",
        condition=verdict.condition,
        entity=entity.entity,
        message=compiled.message.fill(names, verdict.worlds),
        fix=rule.fix,
        requires=compiled.requires.fill(names, verdict.worlds),
        locations=locations_of(entity, evidence, _first(compiled, entity, names)),
        evidence=evidence,
    )


def _first(compiled: CompiledRule, entity: Entity, names: Environment) -> Value | Place | None:
    if isinstance(entity, FileProblem):
        return entity.place
    return value_at(compiled.at, names) if compiled.at else None


def _severity(
    compiled: CompiledRule, entity: Entity, names: Environment, verdict: Verdict, evidence: Reads
) -> Severity:
    mildness = SEVERITIES.index(compiled.rule.severity)
    if isinstance(entity, FileProblem):
        mildness = max(mildness, SEVERITIES.index(entity.severity))
    if compiled.rule.mitigated and _is_mitigated(compiled, names, verdict):
        mildness = max(mildness, SEVERITIES.index(compiled.rule.mitigated.severity))
    if verdict.kind == "conditional":
        mildness += 1
    mildest = len(SEVERITIES) - 1
    is_own_doing = SCOPES[compiled.rule.scope].is_file_itself or compiled.rule.stands_on_defaults
    if not is_own_doing and not rests_on_choice(evidence):
        mildness = mildest
    return SEVERITIES[min(mildness, mildest)]


def _is_mitigated(compiled: CompiledRule, names: Environment, verdict: Verdict) -> bool:
    """Say whether the rule's milder case is given wherever the rule holds."""
    if compiled.mitigated_when is None:
        return False
    worlds: Sequence[World | None] = verdict.worlds or (None,)
    return all(evaluate(compiled.mitigated_when, names, world).truth for world in worlds)


def _order(finding: Finding) -> tuple[bool, str, int, int, str]:
    if not finding.locations:
        return (True, "", 0, 0, finding.rule)
    place = finding.locations[0].place
    position = place.text.position(place.span.start)
    return (False, place.text.path, position.line, position.column, finding.rule)
