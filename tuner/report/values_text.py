"""`fpmtune values` for people: each program's settings in force with who set them."""

from collections.abc import Iterator, Sequence

from tuner.report.table import Row, table
from tuner.report.terminal import Style, display_width, printable
from tuner.report.wording import override_words, present_words, reason_words
from tuner.stack.effective import HostSettings, SettingGroup
from tuner.stack.value import Value

NOTHING = "no setting of a known program in the files read"


def values_text(hosts: Sequence[HostSettings], style: Style) -> str:
    """Return the settings of every host, a paragraph a part of a program, ending in a line end."""
    parts: list[str] = []
    for host in hosts:
        if len(hosts) > 1:
            title = f"host {printable(host.name)}"
            parts.append(f"{style.paint(title, 'bold')}\n{'=' * display_width(title)}")
        shown = [group for group in host.groups if group.values]
        parts += ["\n".join(_group(group, style)) for group in shown] or [NOTHING]
    return "\n\n".join(parts or [NOTHING]) + "\n"


def _group(group: SettingGroup, style: Style) -> Iterator[str]:
    section = f" {style.paint(printable(group.section), 'bold')}" if group.section else ""
    yield f"{group.program} {printable(group.instance)}{section}"
    yield from table([_row(value) for value in group.values], style)


def _row(value: Value) -> Row:
    remarks = (reason_words(value), *map(override_words, value.overrides))
    row = Row(printable(value.label), present_words(value), remarks)
    return row._replace(paint="yellow") if value.state == "unknown" else row
