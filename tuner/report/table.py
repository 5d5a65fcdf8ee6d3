"""Three aligned columns: a setting, its value, and the remarks on it, wrapped."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tuner.report.terminal import Paint, Style, display_width, padded

WIDTH = 100
VALUE_COLUMN_LIMIT = 12
MINIMUM_REMARK_WIDTH = 30


class Row(NamedTuple):
    """One line of a table, all of it printable. `paint` is the value's colour."""

    label: str
    value: str
    remarks: tuple[str, ...] = ()
    paint: Paint | None = None


def table(rows: Sequence[Row], style: Style, indent: int = 2) -> Iterator[str]:
    """Yield the rows aligned, each remark on a line of its own; the first one stands beside the value.

    A value that is longer than the column pushes its remark to the right, or below where it would not fit.
    """
    label_width = max((display_width(row.label) for row in rows), default=0)
    widths = [display_width(row.value) for row in rows if row.remarks]
    value_width = max((width for width in widths if width <= VALUE_COLUMN_LIMIT), default=0)
    margin = indent + label_width + 2 + value_width + 2
    for row in rows:
        value = style.paint(row.value, row.paint) if row.paint else row.value
        start = f"{' ' * indent}{padded(row.label, label_width)}  {value}"
        used = indent + label_width + 2 + display_width(row.value)
        remarks = list(_wrapped(row.remarks, WIDTH - margin))
        gap = max(margin - used, 2)
        if remarks and (used + 2 <= margin or used + gap + display_width(remarks[0]) <= WIDTH):
            start += " " * gap + style.paint(remarks.pop(0), "dim")
        yield start.rstrip()
        for remark in remarks:
            yield " " * margin + style.paint(remark, "dim")


def _wrapped(remarks: Sequence[str], width: int) -> Iterator[str]:
    for remark in remarks:
        yield from textwrap.wrap(
            remark, max(width, MINIMUM_REMARK_WIDTH), break_long_words=False, break_on_hyphens=False
        )
