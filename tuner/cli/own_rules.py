"""The rules of a run: the built-in ones, and those of the project's own files."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from tuner.cli.output import complain
from tuner.cli.project import Project, load_project
from tuner.cli.project_paths import shown_path
from tuner.errors import RuleError, UsageError
from tuner.judge.load import RuleSet, add_own_rules, load_rules, load_rules_to_judge
from tuner.judge.rule import CompiledRule
from tuner.source.tree import SourceFile, collect

SUFFIXES = (".yaml", ".yml")
FILES = "*.yaml, *.yml"


def load_rule_set(project: Project, project_file: Path | None, *, with_examples: bool = False) -> RuleSet:
    """Return the built-in rules and the project's own; faults in the project's files are in the set.

    Only `with_examples` do the built-in ones have theirs.

    Raises UsageError for an entry of `rules` that does not exist or lies outside the project's folder.
    """
    built_in = load_rules() if with_examples else load_rules_to_judge()
    if not project.rules or project_file is None:
        return RuleSet(built_in)
    rules = read_own_rules(_entries(project, project_file), built_in)
    if not rules.own and not rules.faults:
        rules.faults.append(RuleError(f"{project_file}: rules", f"no rule file ({FILES}) there"))
    return rules


def load_project_rules(config: str | None) -> RuleSet:
    """Return the rules that count in the working directory, after complaining of those with faults."""
    rules = load_rule_set(*load_project(config, "."), with_examples=True)
    complain_of_faults(rules)
    return rules


def complain_of_faults(rules: RuleSet) -> None:
    """Say on standard error what is wrong with the user's rule files."""
    for fault in rules.faults:
        complain(str(fault))


def read_own_rules(paths: Iterable[str], built_in: Sequence[CompiledRule]) -> RuleSet:
    """Return the `built_in` rules and those of the files and folders at `paths`."""
    tree = collect(paths, lambda path: path.endswith(SUFFIXES))
    own = add_own_rules(built_in, _in_order(tree.files.values()))
    own.faults += [RuleError(path, "no such file or folder") for path in tree.missing]
    own.faults += [
        RuleError(tree.shown[link], f"a link to {text}, out of the folder, is not followed")
        for link, text in tree.outside_links.items()
        if link.endswith(SUFFIXES)
    ]
    return own


def _in_order(files: Iterable[SourceFile]) -> list[SourceFile]:
    return sorted(files, key=lambda file: file.path)


def _entries(project: Project, project_file: Path) -> list[str]:
    base = project_file.parent.resolve()
    return [shown_path(str(_entry(base, entry, project_file))) for entry in project.rules]


def _entry(base: Path, entry: str, project_file: Path) -> Path:
    try:
        real = (base / entry).resolve(strict=True)
    except (OSError, ValueError, RuntimeError):
        raise UsageError(f"{project_file}: rules: {entry}: no such file or folder") from None
    if not real.is_relative_to(base):
        raise UsageError(f"{project_file}: rules: {entry} lies outside the project's folder")
    return real
