"""Rules from where they are kept: the built-in ones, and files of the user's own."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from tuner import packaged
from tuner.errors import RuleError
from tuner.judge.rule import CompiledRule, read_rule


def load_rules() -> list[CompiledRule]:
    """Return the built-in rules, by id. Raises RuleError for a malformed one.

    Their names are checked by the tests, not here.
    """
    return _by_id(read_rule(data, f"rules/{path}") for path, data in packaged.rule_documents().items())


def load_rule_files(paths: Iterable[Path], built_in: Iterable[CompiledRule] = ()) -> list[CompiledRule]:
    """Return `built_in` and the user's rules from YAML files, one a file, by id.

    The user's are checked in full. Raises RuleError with the line for anything that is wrong.
    """
    own = [_read_file(path) for path in paths]
    for rule in own:
        rule.check()
    return _by_id([*built_in, *own])


def _by_id(rules: Iterable[CompiledRule]) -> list[CompiledRule]:
    ordered = sorted(rules, key=lambda compiled: compiled.rule.id)
    seen: dict[str, CompiledRule] = {}
    for compiled in ordered:
        for word in (compiled.rule.id, compiled.rule.name):
            if word in seen:
                raise RuleError(compiled.path, f"'{word}' is already taken by {seen[word].path}")
            seen[word] = compiled
    return ordered


def _read_file(path: Path) -> CompiledRule:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        text = path.read_text(encoding="utf-8")
        data = YAML(typ="rt", pure=True).load(text)
    except (OSError, UnicodeDecodeError) as error:
        raise RuleError(str(path), f"cannot be read: {error}") from None
    except (YAMLError, ValueError, RecursionError) as error:
        raise RuleError(str(path), f"is not YAML: {error}") from None
    return read_rule(data, str(path), _lines(data))


def _lines(data: object) -> Mapping[str, int]:
    if not isinstance(data, dict) or not hasattr(data, "lc"):
        return {}
    return {str(key): data.lc.key(key)[0] + 1 for key in data}
