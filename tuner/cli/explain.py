"""`fpmtune explain`."""

from argparse import ArgumentParser, Namespace
from shutil import get_terminal_size

from tuner.cli.exit_status import CLEAN, FAILURE
from tuner.cli.options import add_output_options, add_project_option
from tuner.cli.output import is_colored, write_result
from tuner.cli.own_rules import load_project_rules
from tuner.judge.rule import CompiledRule
from tuner.judge.selection import find_rule
from tuner.report.rule_page import rule_page


def add_arguments(parser: ArgumentParser) -> None:
    """Add the options of `explain`."""
    parser.epilog = (
        "exit status: 0; 2 wrong usage, an unknown rule, or a fault in a rule file of the project's."
    )
    parser.add_argument("rule", metavar="RULE", help="id or name, of a built-in rule or one of the project's")
    add_output_options(parser, ("text", "markdown", "json"))
    add_project_option(parser)


def run(options: Namespace) -> int:
    """Print a rule's page, and return the exit status. Raises UsageError for an unknown rule."""
    rules = load_project_rules(options.config)
    write_result(options, _page(options, find_rule(rules.rules, options.rule)))
    return FAILURE if rules.faults else CLEAN


def _page(options: Namespace, compiled: CompiledRule) -> str:
    if options.format == "json":
        from tuner.report.rule_json import explain_json

        return explain_json(compiled)
    if options.format == "markdown":
        from tuner.report.rule_markdown import rule_markdown

        return rule_markdown(rule_page(compiled))
    from tuner.report.rule_text import WIDTH, explain_text
    from tuner.report.terminal import Style

    return explain_text(
        rule_page(compiled), Style(is_colored(options)), get_terminal_size((WIDTH, 0)).columns
    )
