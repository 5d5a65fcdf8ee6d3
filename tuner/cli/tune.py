"""`fpmtune tune`."""

from argparse import ArgumentParser, ArgumentTypeError, BooleanOptionalAction, Namespace
from collections.abc import Sequence
from fractions import Fraction

from tuner.cli.exit_status import CLEAN, FAILURE, NOTHING_CHECKED
from tuner.cli.given_load import add_load_options, given_load_file, put_load_file
from tuner.cli.loading import Loaded, load
from tuner.cli.options import add_output_options, add_reading_options, add_verbosity_options
from tuner.cli.output import complain, is_colored, write_bytes, write_result
from tuner.cli.sysctl_home import homes_of
from tuner.cli.tune_diff import difference
from tuner.cli.tune_revert import take_back
from tuner.cli.tune_writing import (
    Written,
    left_by_fragments,
    put_back_interrupted,
    write_files,
    write_fragments,
)
from tuner.formats.document import Document
from tuner.load.duration import duration_s
from tuner.source.regex import regex
from tuner.tune.demand import Wishes, records_of
from tuner.tune.edits import NO_PATCHES, Patches, patches
from tuner.tune.host import plan_host
from tuner.tune.plan import Plan

CORES = regex(r"[0-9]{1,5}(?:\.[0-9]{1,3})?")
LEAST_MEMORY_BYTES = 1 << 20
SIZE = regex(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)([kKmMgG]?)")
UNITS_BYTES = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def add_arguments(parser: ArgumentParser) -> None:
    """Add the options of `tune`."""
    parser.epilog = (
        "exit status: 0, also with a plan; 2 wrong usage or a file that cannot be changed; 3 no file."
    )
    add_reading_options(parser)
    add_load_options(parser)
    parser.add_argument(
        "--deadline", type=_time, metavar="T", help="until when anybody waits, if less than nginx does"
    )
    parser.add_argument(
        "--memory",
        type=_size_bytes,
        metavar="SIZE",
        help="what the workers of all pools of a host may take together, e.g. 4G",
    )
    parser.add_argument(
        "--cores",
        type=_cores,
        metavar="N",
        help="how many processors they may use; of a container, its quota (0.5, 4)",
    )
    parser.add_argument(
        "--clients", type=_count, metavar="N", help="how many ask at a time at most (a load test, a limit)"
    )
    parser.add_argument(
        "--lower", action="store_true", help="lower a net.core.somaxconn that is too large, too"
    )
    _add_writing(parser)
    add_output_options(parser)
    add_verbosity_options(
        parser, "the recommendations and what to do then, no pools", "formulas, and where each input is from"
    )


def _add_writing(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("what to do with the plan")
    ways = group.add_mutually_exclusive_group()
    ways.add_argument("--diff", action="store_true", help="print what would be changed in the files")
    ways.add_argument("--write", action="store_true", help="change the files, all of them or none")
    ways.add_argument("--out", metavar="DIR", help="render fragments into DIR instead")
    ways.add_argument(
        "--revert",
        action="store_true",
        help="put back what the newest plan changed; again: the one before",
    )
    group.add_argument(
        "--verify",
        action=BooleanOptionalAction,
        help="with --write: ask nginx -t and php-fpm -t before and after (default: for this machine's files)",
    )
    group.add_argument("--journal", metavar="DIR", help="where to keep what --revert needs")


def run(options: Namespace) -> int:
    """Print the plan of every host, write what was asked for, and return the exit status."""
    if options.revert:
        back = take_back(options)
        write_result(options, _report_back(options, back))
        return CLEAN
    if options.write or options.out:
        put_back_interrupted(options)
    loaded = load(options)
    file = given_load_file(loaded.stacks, options, loaded.project, loaded.project_file)
    measured = put_load_file(loaded.stacks, file) if file else None
    if file and not measured:
        return FAILURE
    wishes = Wishes(options.deadline, options.memory, options.clients, options.lower, options.cores)
    records = records_of(loaded.stacks, measured)
    plans = [plan_host(stack, records, wishes) for stack in loaded.stacks]
    recommended = [recommendation for plan in plans for recommendation in plan.recommendations]
    if options.out:
        found = left_by_fragments(loaded, plans)
    else:
        found = patches(recommended, _documents(loaded), homes_of(options, loaded, plans))
    done = None if loaded.missing else _write(options, loaded, plans, found)
    if options.diff:
        write_bytes(options, difference(loaded, found))
    else:
        write_result(options, _report(options, plans, found, done))
    for path in loaded.missing:
        complain(f"{path}: no such file or folder")
    if loaded.missing:
        if options.write or options.out:
            complain("nothing was written: give paths that are there")
        return FAILURE
    return CLEAN if loaded.is_anything_checked else NOTHING_CHECKED


def _write(options: Namespace, loaded: Loaded, plans: Sequence[Plan], found: Patches) -> Written | None:
    """Write what was asked for; None if nothing was."""
    if options.write:
        return write_files(options, loaded, plans, found)
    return write_fragments(options, loaded, plans) if options.out else None


def _documents(loaded: Loaded) -> dict[str, Document]:
    return {file.document.text.path: file.document for file in loaded.files if file.document is not None}


def _report(options: Namespace, plans: Sequence[Plan], found: Patches, done: Written | None) -> str:
    if options.format == "json":
        from tuner.report.tune_json import tune_json

        return tune_json(plans, found, *((done.paths, done.removed, done.notes) if done else ()))
    from tuner.report.terminal import Style
    from tuner.report.tune_text import Shown, steps_text, tune_text

    style = Style(is_colored(options))
    are_steps_last = done is not None and options.write
    shown = Shown(not are_steps_last, not options.quiet, options.verbose)
    text = tune_text(plans, found, style, shown) + (done.words if done else "")
    return text + steps_text(plans, found, style) if are_steps_last else text


def _report_back(options: Namespace, back: Written) -> str:
    if options.format == "json":
        return _report(options, back.plans, NO_PATCHES, back)
    from tuner.report.terminal import Style
    from tuner.report.tune_text import steps_text

    return back.words + steps_text(back.plans, NO_PATCHES, Style(is_colored(options)))


def _time(text: str) -> float:
    try:
        seconds = duration_s(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None
    if not seconds:
        raise ArgumentTypeError(f"{text!r} is not a time that anybody waits")
    return seconds


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text)):
        raise ArgumentTypeError(f"{text!r} is not a number of clients")
    return int(text)


def _cores(text: str) -> float:
    if not CORES.fullmatch(text) or not float(text):
        raise ArgumentTypeError(f"{text!r} is not a number of processors such as 4 or 0.5")
    return float(text)


def _size_bytes(text: str) -> int:
    found = SIZE.fullmatch(text)
    if found is None:
        raise ArgumentTypeError(f"{text!r} is not a size such as 512M, 4G or 1.5G")
    size = int(Fraction(found[1]) * UNITS_BYTES[found[2].lower()])
    if size < LEAST_MEMORY_BYTES:
        raise ArgumentTypeError(f"{text!r} is not a size that any worker fits in, such as 512M or 4G")
    return size
