"""Rules from where they are kept: the built-in ones, and files of the user's own."""

from collections.abc import Iterable, Sequence

from tuner import packaged
from tuner.errors import RuleError
from tuner.judge.rule import CompiledRule, read_rule, trusted_rule
from tuner.source.tree import SourceFile


class RuleSet:
    """The rules of a run, by id, those of the user's own among them, and what is wrong with their files.

    `broken` are the ids and names of rules in files with faults, as far as they can be read.
    """

    def __init__(self, rules: list[CompiledRule]) -> None:
        self.rules = rules
        self.own: list[CompiledRule] = []
        self.faults: list[RuleError] = []
        self.broken: set[str] = set()


def load_rules() -> list[CompiledRule]:
    """Return the built-in rules, by id. Raises RuleError for a malformed one.

    Their names are checked by the tests, not here.
    """
    rules = _by_id(read_rule(data, f"rules/{path}") for path, data in packaged.rule_documents().items())
    taken: dict[str, CompiledRule] = {}
    for compiled in rules:
        for word in _words(compiled):
            if word in taken:
                raise RuleError(compiled.path, _is_taken(word, taken[word]))
            taken[word] = compiled
    return rules


def load_rules_to_judge() -> list[CompiledRule]:
    """Return the built-in rules without their examples, by id; only the tests validate them."""
    return _by_id(trusted_rule(data, f"rules/{path}") for path, data in packaged.rule_documents().items())


def add_own_rules(built_in: Sequence[CompiledRule], files: Iterable[SourceFile]) -> RuleSet:
    """Return `built_in` and the rules of the user's files, one a file, checked in full.

    A file with a fault is left out, and each fault kept with its line and column.
    """
    # Reading YAML takes longer than a check without rules of one's own may.
    from tuner.judge.rule_file import read_rule_file

    found = RuleSet(list(built_in))
    taken = {word: compiled for compiled in built_in for word in _words(compiled)}
    for source in files:
        file = read_rule_file(source)
        if file.rule is not None:
            file.faults += [
                file.fault((key,), _is_taken(word, taken[word]))
                for key, word in zip(("id", "name"), _words(file.rule), strict=True)
                if word in taken
            ]
        if file.rule is None or file.faults:
            found.faults += file.faults
            found.broken |= file.words
            continue
        taken |= dict.fromkeys(_words(file.rule), file.rule)
        found.own.append(file.rule)
    found.rules = _by_id([*built_in, *found.own])
    return found


def _words(compiled: CompiledRule) -> tuple[str, str]:
    return compiled.rule.id, compiled.rule.name


def _by_id(rules: Iterable[CompiledRule]) -> list[CompiledRule]:
    return sorted(rules, key=lambda compiled: compiled.rule.id)


def _is_taken(word: str, owner: CompiledRule) -> str:
    return f"'{word}' is already taken by {owner.path}"
