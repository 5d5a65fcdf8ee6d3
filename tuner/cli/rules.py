"""`fpmtune rules`, and `fpmtune rules test`."""

from argparse import SUPPRESS, ArgumentParser, Namespace
from collections.abc import Iterator

from tuner.cli.exit_status import CLEAN, FAILURE, FINDINGS, NOTHING_CHECKED
from tuner.cli.options import add_output_options, add_project_option
from tuner.cli.output import is_colored, write_result
from tuner.cli.own_rules import FILES, complain_of_faults, load_project_rules, read_own_rules
from tuner.errors import UsageError
from tuner.judge.examples import mismatches
from tuner.judge.load import RuleSet, load_rules_to_judge
from tuner.judge.rule import CompiledRule
from tuner.report.terminal import Style, one_line, printable
from tuner.report.wording import counted


def add_arguments(parser: ArgumentParser) -> None:
    """Add the options of `rules`, and those of `rules test`."""
    parser.epilog = "exit status: 0; 2 wrong usage, or a fault in a rule file of the project's."
    add_output_options(parser)
    add_project_option(parser)
    actions = parser.add_subparsers(dest="action", metavar="[test]")
    test = actions.add_parser(
        "test",
        help="play the examples of your own rules",
        description="Plays the examples of your own rules, and says which of them come out otherwise.",
        epilog="exit status: 0 all as they say; 1 some do not; 2 a rule file with a fault; 3 no rule there.",
    )
    test.add_argument(
        "paths", nargs="*", metavar="PATH", help=f"files and folders ({FILES}; default: the project's rules)"
    )
    test.add_argument("--config", metavar="FILE", default=SUPPRESS, help="fpmtune.toml to use")


def run(options: Namespace) -> int:
    """List the rules or play their examples, and return the exit status."""
    if options.action == "test":
        return _test(options)
    rules = load_project_rules(options.config)
    write_result(options, _listed(options, rules))
    return FAILURE if rules.faults else CLEAN


def _listed(options: Namespace, rules: RuleSet) -> str:
    if options.format == "json":
        from tuner.report.rule_json import rules_json

        return rules_json(rules.rules)
    from tuner.report.rule_page import rule_pages
    from tuner.report.rule_text import rules_text

    return rules_text(rule_pages(rules.rules), Style(is_colored(options)))


def _test(options: Namespace) -> int:
    if options.format == "json":
        raise UsageError("rules test writes text only: leave --format json out")
    rules = _own(options)
    failures = [line for compiled in rules.own for line in _failures(compiled, rules)]
    examples = sum(len(compiled.rule.examples) for compiled in rules.own)
    summary = f"{counted(len(rules.own), 'rule')}, {counted(examples, 'example')}: {len(failures)} failed"
    write_result(options, "".join(f"{line}\n" for line in (*failures, summary)))
    if rules.faults:
        return FAILURE
    if failures:
        return FINDINGS
    return CLEAN if rules.own else NOTHING_CHECKED


def _own(options: Namespace) -> RuleSet:
    if not options.paths:
        return load_project_rules(options.config)
    rules = read_own_rules(options.paths, load_rules_to_judge())
    complain_of_faults(rules)
    return rules


def _failures(compiled: CompiledRule, rules: RuleSet) -> Iterator[str]:
    rule = compiled.rule
    if not rule.examples:
        yield f"{printable(compiled.where('id').start)}: {rule.id} has no examples"
    for found in mismatches(compiled, rules.rules):
        words = f"{rule.id}, {found.title}: expected {found.expected}; came {found.came}"
        yield f"{printable(found.where)}: {one_line(words)}"
