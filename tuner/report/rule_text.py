"""Rules for people: one rule's page in the terminal, and the list of all."""

import textwrap
from collections.abc import Iterator, Sequence

from tuner.report.check_footer import SEVERITY_PAINT
from tuner.report.rule_page import ExamplePart, RulePage
from tuner.report.terminal import Style, display_width, padded

WIDTH = 100
MINIMUM_WIDTH = 40
INDENT = "  "


def explain_text(page: RulePage, style: Style, width: int = WIDTH) -> str:
    """Return a rule's page, wrapped at `width` columns (at most 100), ending in a line end.

    Of its examples it shows the first bad and the first good one.
    """
    width = max(MINIMUM_WIDTH, min(width, WIDTH))
    return "\n".join(_lines(page, style, width)) + "\n"


def _lines(page: RulePage, style: Style, width: int) -> Iterator[str]:
    severity = style.paint(page.severity, SEVERITY_PAINT[page.severity])
    yield f"{style.paint(page.id, 'bold')} {style.paint(page.name, 'bold')} ({severity}, since {page.since})"
    yield from _wrapped(page.title, width, "")
    if page.path:
        yield f"a rule of your own: {page.path}"
    sections = (
        (f"Holds for a {page.scope} when", page.when),
        ("Milder", page.milder),
        ("Says", page.message),
        ("Why", page.why),
        ("Fix", page.fix),
        ("Needs", page.requires),
    )
    for heading, text in sections:
        if text:
            yield ""
            yield style.paint(heading, "bold")
            yield from _wrapped(text, width, INDENT)
    if page.references:
        yield ""
        yield style.paint("References", "bold")
        for reference in page.references:
            yield from _wrapped(reference, width, INDENT + INDENT, first=INDENT + "- ")
    yield from _examples(page, style, width)


def _examples(page: RulePage, style: Style, width: int) -> Iterator[str]:
    shown = [example for verdict in ("bad", "good") for example in page.examples_of(verdict)[:1]]
    for example in shown:
        yield ""
        yield from _example(example, style, width)
    more = len(page.examples) - len(shown)
    if more:
        yield ""
        examples = "example" if more == 1 else "examples"
        yield style.paint(f"{more} more {examples}: fpmtune explain {page.id} --format markdown", "dim")


def _example(example: ExamplePart, style: Style, width: int) -> Iterator[str]:
    options = f" ({example.options})" if example.options else ""
    paint = style.paint(f"{example.verdict.capitalize()}:", "bold")
    first, *rest = _wrapped(
        f"{example.verdict.capitalize()}: {example.title}{options}", width, INDENT, first=""
    )
    yield first.replace(f"{example.verdict.capitalize()}:", paint, 1)
    yield from rest
    bar = style.paint("|", "blue")
    for file in example.files:
        yield f"{INDENT}{style.paint('-->', 'blue')} {file.path}"
        yield from (f"{INDENT}{bar} {line}".rstrip() for line in file.lines)
    for found in example.found:
        yield from _wrapped(found, width, INDENT * 4, first=f"{INDENT}finds ")


def _wrapped(text: str, width: int, indent: str, first: str | None = None) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=indent if first is None else first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def rules_text(pages: Sequence[RulePage], style: Style) -> str:
    """Return the list of rules, a line each: id, name, severity, title, and the file of a user's own."""
    columns = zip(*((page.id, page.name, page.severity) for page in pages), strict=True)
    widths = [max(map(display_width, column)) for column in columns]
    return "".join(_row(page, widths, style) + "\n" for page in pages)


def _row(page: RulePage, widths: Sequence[int], style: Style) -> str:
    rule_id, name = style.paint(padded(page.id, widths[0]), "bold"), padded(page.name, widths[1])
    severity = style.paint(padded(page.severity, widths[2]), SEVERITY_PAINT[page.severity])
    own = f" ({page.path})" if page.path else ""
    return f"{rule_id}  {name}  {severity}  {page.title}{own}"
