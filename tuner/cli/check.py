"""`fpmtune check`."""

from argparse import ArgumentParser, Namespace

from tuner import __version__
from tuner.cli.exit_status import CLEAN, FAILURE, FINDINGS, NOTHING_CHECKED
from tuner.cli.given_load import add_load_options, put_given_load
from tuner.cli.loading import Loaded, load
from tuner.cli.options import add_output_options, add_reading_options, add_verbosity_options, selectors
from tuner.cli.output import complain, is_colored, write_result
from tuner.cli.own_rules import complain_of_faults, load_rule_set
from tuner.errors import UsageError
from tuner.judge.finding import SEVERITIES, Judgement, Severity
from tuner.judge.load import RuleSet
from tuner.judge.run import judge
from tuner.judge.selection import selected
from tuner.judge.severities import severities_by_id, with_severities


def add_arguments(parser: ArgumentParser) -> None:
    """Add the options of `check`."""
    add_reading_options(parser)
    add_output_options(parser)
    add_verbosity_options(parser)
    add_load_options(parser)
    parser.add_argument(
        "--select",
        type=selectors,
        default=[],
        metavar="RULES",
        help="only these rules (ids, names, prefixes)",
    )
    parser.add_argument("--ignore", type=selectors, default=[], metavar="RULES", help="all rules but these")
    parser.add_argument(
        "--fail-on",
        choices=("error", "warning", "info", "never"),
        help="exit 1 from this severity on (default: warning)",
    )
    parser.add_argument("--strict", action="store_true", help="an undecided rule counts as a failure")


def run(options: Namespace) -> int:
    """Check the paths, write the report, and return the exit status."""
    loaded = load(options)
    has_usable_load = put_given_load(loaded.stacks, options, loaded.project, loaded.project_file)
    rules = load_rule_set(loaded.project, loaded.project_file)
    complain_of_faults(rules)
    severities = _project_severities(loaded, rules)
    select = options.select or loaded.project.select
    ignore = [*options.ignore, *loaded.project.ignore]
    is_asked = loaded.machine.is_asked if loaded.machine and loaded.machine.asked is not None else None
    judgement = judge(loaded.stacks, rules.rules, select, ignore, rules.broken, is_asked)
    judgement = with_severities(judgement, severities)
    write_result(options, _report(options, judgement, loaded))
    for path in loaded.missing:
        complain(f"{path}: no such file or folder")
    for crash in judgement.crashes:
        complain(f"rule {crash.rule} failed for {crash.entity}: {crash.error}")
    if rules.faults or not has_usable_load:
        return FAILURE
    return _exit_status(options, judgement, loaded)


def _project_severities(loaded: Loaded, rules: RuleSet) -> dict[str, Severity]:
    """Return the project's severities by id. Raises UsageError with the file for a rule it names wrongly."""
    project = loaded.project
    try:
        selected(rules.rules, project.select, project.ignore, rules.broken)
        given = {word: severity for word, severity in project.severity.items() if word not in rules.broken}
        return severities_by_id(given, rules.rules)
    except UsageError as error:
        raise UsageError(f"{loaded.project_file}: {error}") from None


def _report(options: Namespace, judgement: Judgement, loaded: Loaded) -> str:
    if options.format == "json":
        from tuner.report.check_json import check_json

        return check_json(judgement, loaded.files, __version__)
    from tuner.report.check_text import check_text
    from tuner.report.terminal import Style

    paths = [path for path in options.paths or ["."] if path not in loaded.missing]
    return check_text(
        judgement,
        loaded.files,
        loaded.stacks,
        Style(is_colored(options)),
        verbose=options.verbose,
        paths=paths,
        summary=not options.quiet and (bool(paths) or loaded.is_anything_checked),
        machine=loaded.machine,
    )


def _exit_status(options: Namespace, judgement: Judgement, loaded: Loaded) -> int:
    if loaded.missing or judgement.crashes:
        return FAILURE
    fail_on = options.fail_on or loaded.project.fail_on
    counted = () if fail_on == "never" else SEVERITIES[: SEVERITIES.index(fail_on) + 1]
    if any(finding.severity in counted for finding in judgement.findings):
        return FINDINGS
    if options.strict and judgement.undecided:
        return FINDINGS
    return CLEAN if loaded.is_anything_checked else NOTHING_CHECKED
