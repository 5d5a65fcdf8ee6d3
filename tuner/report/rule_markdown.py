"""Rules in markdown: the pages of the documentation, and `fpmtune explain --format markdown`."""

import textwrap
from collections.abc import Sequence

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tuner import packaged
from tuner.report.rule_page import RulePage

WIDTH = 110


def rule_markdown(page: RulePage) -> str:
    """Return a rule's page, ending in a line end."""
    return _rendered("rule.md.j2", page=page)


def rule_index_markdown(pages: Sequence[RulePage]) -> str:
    """Return the page that lists the rules with links to their own, `ID.md` beside it."""
    return _rendered("rules.md.j2", pages=pages)


def _rendered(template: str, **names: object) -> str:
    environment = Environment(
        loader=FileSystemLoader(packaged.template_folder()),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters |= {"prose": _prose, "cell": _cell}
    return environment.get_template(template).render(**names).rstrip("\n") + "\n"


def _prose(text: str) -> str:
    """Return prose wrapped, with what would be a tag shown as it is."""
    wrapped = textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False)
    return "\n".join(wrapped).replace("<", "&lt;")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
