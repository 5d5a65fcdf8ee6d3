"""One line of a file as a report shows it: printable, cut to a width, with the columns of a span in it."""

from typing import NamedTuple

from tuner.report.terminal import display_width, printable
from tuner.stack.value import Place

WIDTH = 88
TAB_STOP = 4
ELLIPSIS = "..."


class Excerpt(NamedTuple):
    """A source line and, in terminal columns from 0, where its marker starts and how long it is."""

    source: str
    offset: int
    length: int


class Marked(NamedTuple):
    """A place with its line and column, both from 1, and the excerpt of that line."""

    line: int
    column: int
    excerpt: Excerpt


def mark(place: Place, width: int = WIDTH) -> Marked:
    """Return the excerpt for `place`; a span of several lines is shown by its first one."""
    first = place.text.position(place.span.start)
    last = place.text.position(place.span.end)
    line = place.text.line(first.line)
    end = last.column - 1 if last.line == first.line else len(line)
    return Marked(first.line, first.column, excerpt(line, first.column - 1, end, width))


def excerpt(line: str, start: int, end: int, width: int = WIDTH) -> Excerpt:
    """Cut `line` to `width` columns around the characters `start` to `end` (exclusive, from 0)."""
    start = min(start, len(line))
    end = min(end, len(line))
    # No window reaches farther than its width, so a long line is not walked.
    low, high = max(0, start - width), min(len(line), start + width)
    cells = _cells(line[low:high])
    widths = [display_width(cell) for cell in cells]
    anchor = start - low
    left, right = 0, len(cells)
    if low > 0 or high < len(line) or sum(widths) > width:
        left, right = _window(widths, anchor, width)
    head = ELLIPSIS if low + left > 0 else ""
    tail = ELLIPSIS if low + right < len(line) else ""
    offset = len(head) + sum(widths[left:anchor])
    length = max(1, sum(widths[anchor : min(end - low, right)]))
    return Excerpt(f"{head}{''.join(cells[left:right])}{tail}".rstrip(), offset, length)


def _cells(line: str) -> list[str]:
    """Return each character's printable form; a tab is the blanks up to its stop."""
    cells, column = [], 0
    for char in line:
        cell = " " * (TAB_STOP - column % TAB_STOP) if char == "\t" else printable(char)
        cells.append(cell)
        column += display_width(cell)
    return cells


def _window(widths: list[int], anchor: int, width: int) -> tuple[int, int]:
    """Return the cells to show: a quarter of the width before the anchor, more where the line ends early."""
    budget = width - 2 * len(ELLIPSIS)
    left, before = _grow_left(widths, anchor, budget // 4)
    right, used = anchor, before
    while right < len(widths) and used + widths[right] <= budget:
        used += widths[right]
        right += 1
    left, _ = _grow_left(widths, left, budget - used)
    return left, right


def _grow_left(widths: list[int], index: int, budget: int) -> tuple[int, int]:
    used = 0
    while index > 0 and used + widths[index - 1] <= budget:
        index -= 1
        used += widths[index]
    return index, used
