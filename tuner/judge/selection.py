"""Which rules run: `--select` and `--ignore`."""

from collections.abc import Collection, Iterable, Sequence

from tuner.errors import UsageError
from tuner.judge.rule import FAMILIES, CompiledRule, Rule

_WHOLE_RULE = 100
"""A name, or a whole id, says more than any prefix (at most ten characters)."""


def selected(
    rules: Sequence[CompiledRule],
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    broken: Collection[str] = (),
) -> list[CompiledRule]:
    """Return the rules that `select` (empty: all) keeps and `ignore` does not drop.

    Selectors are ids, names or prefixes of ids. Where both match, the more specific one counts, and of
    equals `ignore`. `broken` are ids and names of rules that could not be read. Raises UsageError for a
    selector that no rule could match.
    """
    chosen, dropped = tuple(select), tuple(ignore)
    for selector in (*chosen, *dropped):
        if not any(word.startswith(selector) for word in broken):
            _check(selector, rules)
    return [
        compiled
        for compiled in rules
        if _closeness(compiled.rule, chosen, at_least=0 if chosen else 1)
        > _closeness(compiled.rule, dropped, at_least=0)
    ]


def _closeness(rule: Rule, selectors: Iterable[str], at_least: int) -> int:
    return max((at_least, *(_match(rule, selector) for selector in selectors)))


def _match(rule: Rule, selector: str) -> int:
    if selector in (rule.id, rule.name):
        return _WHOLE_RULE
    return len(selector) if rule.id.startswith(selector) else 0


def find_rule(rules: Sequence[CompiledRule], word: str) -> CompiledRule:
    """Return the rule of this id (in capitals or not) or name. Raises UsageError with the nearest one."""
    for compiled in rules:
        if compiled.rule.id == word.upper() or compiled.rule.name == word:
            return compiled
    raise _no_such(word, rules)


def _check(selector: str, rules: Sequence[CompiledRule]) -> None:
    if selector not in FAMILIES and not any(_match(compiled.rule, selector) for compiled in rules):
        raise _no_such(selector, rules)


def _no_such(selector: str, rules: Sequence[CompiledRule]) -> UsageError:
    from difflib import get_close_matches

    words = [word for compiled in rules for word in (compiled.rule.id, compiled.rule.name)]
    nearest = get_close_matches(selector, words, n=1) or get_close_matches(selector.upper(), words, n=1)
    hint = f"; did you mean '{nearest[0]}'?" if nearest else ""
    return UsageError(f"no rule is called '{selector}'{hint}")
