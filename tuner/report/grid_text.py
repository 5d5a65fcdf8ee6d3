"""`fpmtune simulate --grid` for people: a table of 80 columns that needs no colour to be read."""

from collections.abc import Iterator, Sequence
from textwrap import wrap

from tuner.laws.simulator.grid import Amount, Cell, Grid
from tuner.laws.simulator.prediction import Prediction
from tuner.report.terminal import Paint, Style

WIDTH = 80
INDENT = 2
MARK_WIDTH = 2
BEST, PRESENT = "*", "<"
BACKLOG, SOMAXCONN = "listen.backlog", "net.core.somaxconn"

FEW_FAIL, MANY_FAIL = 0.01, 0.1
LONG_DEAD_S = 10

WORDS = {
    "200": "% answered with 200",
    "502": "% refused with 502",
    "504": "% given up on with 504",
    "p99": "99th percentile of the answers, in s",
    "dead": "longest time without an answer, in s",
}


def grid_text(grid: Grid, shown: str, style: Style) -> str:
    """Return the picture of a grid and what it says, ending in a line end.

    Two keys make a table of what is `shown`, one key a line of all figures for each value.
    """
    table = _crossed(grid, shown, style) if len(grid.axes) == 2 else _listed(grid, style)
    return "\n".join([*table, "", *_sentences(grid)]) + "\n"


def _crossed(grid: Grid, shown: str, style: Style) -> Iterator[str]:
    """Yield the table of two keys, in as many parts as its width asks for."""
    (down, rows), (across, columns) = grid.axes.items()
    yield f"{WORDS[shown]}: {down} down, {across} across"
    texts = [_text(cell, shown) for cell in grid.cells]
    labels = [_amount(value) for value in rows]
    heads = [_amount(value) for value in columns]
    label_width = INDENT + max(map(len, labels))
    width = max(map(len, [*texts, *heads]))
    fitting = max(1, (WIDTH - label_width) // (1 + width + MARK_WIDTH))
    for first in range(0, len(columns), fitting):
        part = range(first, min(first + fitting, len(columns)))
        yield ""
        yield (" " * label_width + "".join(f" {heads[at]:>{width}}{'':{MARK_WIDTH}}" for at in part)).rstrip()
        for row, label in enumerate(labels):
            numbers = [row * len(columns) + at for at in part]
            line = "".join(
                " " + _painted(grid, grid.cells[number], shown, texts[number].rjust(width), style)
                for number in numbers
            )
            yield f"{label:>{label_width}}{line}".rstrip()


def _listed(grid: Grid, style: Style) -> Iterator[str]:
    """Yield a line of figures for each value of the one key."""
    ((key, values),) = grid.axes.items()
    known = [cell for cell in grid.cells if cell.prediction]
    assert known[0].prediction
    statuses = list(known[0].prediction.summary.shares)
    labels = [_amount(value) for value in values]
    width = INDENT + max(len(key), *map(len, labels))
    heads = [*(f"{status} %" for status in statuses), "p50 s", "p99 s", "dead s", "queue"]
    yield f"{key:>{width}} " + "".join(f"{head:>9}" for head in heads)
    for label, cell in zip(labels, grid.cells, strict=True):
        start = f"{label:>{width}}{_mark(grid, cell):<1}"
        if cell.prediction is None:
            yield f"{start}  {cell.refused}"
            continue
        found = cell.prediction.summary
        shares = [_painted_share(found.shares[status], status, style) for status in statuses]
        times = [_seconds(found.p50_s), _seconds(found.p99_s), str(found.dead_time_s)]
        yield start + "".join(shares) + "".join(f"{text:>9}" for text in (*times, found.longest_queue))


def _painted_share(share: float, status: str, style: Style) -> str:
    return style.paint(f"{100 * share:9.1f}", _share_paint(share, status))


def _painted(grid: Grid, cell: Cell, shown: str, text: str, style: Style) -> str:
    mark = f"{_mark(grid, cell):{MARK_WIDTH}}"
    return (style.paint(text, _paint(cell.prediction, shown)) if cell.prediction else text) + mark


def _mark(grid: Grid, cell: Cell) -> str:
    return (BEST if cell is grid.best else "") + (PRESENT if grid.is_present(cell) else "")


def _text(cell: Cell, shown: str) -> str:
    if cell.prediction is None:
        return "-"
    found = cell.prediction.summary
    if shown == "p99":
        return _seconds(found.p99_s)
    return str(found.dead_time_s) if shown == "dead" else f"{100 * found.shares[shown]:.1f}"


def _paint(found: Prediction, shown: str) -> Paint:
    summary = found.summary
    if shown == "dead":
        return _grade(summary.dead_time_s, 0, LONG_DEAD_S)
    if shown == "p99":
        return _share_paint(summary.shares["200"], "200")
    return _share_paint(summary.shares[shown], shown)


def _share_paint(share: float, status: str) -> Paint:
    return _grade(1 - share if status == "200" else share, FEW_FAIL, MANY_FAIL)


def _grade(number: float, good: float, bearable: float) -> Paint:
    return "green" if number <= good else "yellow" if number <= bearable else "red"


def _sentences(grid: Grid) -> Iterator[str]:
    best = grid.best
    assert best.prediction
    tried = ", ".join(f"{key} = {_amount(value)}" for key, value in best.tried.items())
    yield from _wrapped(f"{BEST} {tried}: {_outcome(best.prediction)}, the fewest failures")
    if grid.present and grid.present.setting and grid.present.prediction:
        setting = grid.present.setting
        is_there = any(grid.is_present(cell) for cell in grid.cells)
        mark = f"{PRESENT} at present" if is_there else "  at present, not in the table"
        numbers = f"{setting.workers} workers, effective backlog {setting.backlog}"
        yield from _wrapped(f"{mark} ({numbers}): {_outcome(grid.present.prediction)}")
    for note in (*_cuts(grid), *_refusals(grid), _certainty(grid)):
        yield from _wrapped(f"  {note}")


def _cuts(grid: Grid) -> Iterator[str]:
    """Say where of the two numbers that make a backlog the other one decides."""
    for key, other in ((BACKLOG, SOMAXCONN), (SOMAXCONN, BACKLOG)):
        cut = {
            cell.setting.backlog
            for cell in grid.cells
            if cell.setting and key in cell.tried and other not in cell.tried
            if cell.tried[key] not in (cell.setting.backlog, -1)
        }
        if cut:
            yield f"{key} above {max(cut)} changes nothing: {other} is {max(cut)}."


def _refusals(grid: Grid) -> Iterator[str]:
    reasons = dict.fromkeys(cell.refused for cell in grid.cells if cell.refused)
    if reasons and len(grid.axes) == 2:
        yield f"- {next(iter(reasons))}" + (", for one." if len(reasons) > 1 else ".")


def _wrapped(text: str) -> Sequence[str]:
    return wrap(text, WIDTH, subsequent_indent="  ", drop_whitespace=True)


def _outcome(found: Prediction) -> str:
    p99_s = found.summary.p99_s
    latency = "" if p99_s is None else f", p99 {p99_s:.3f} s"
    between = ""
    if found.ranges:
        low, high = (f"{100 * end:.1f}" for end in found.ranges["200"])
        between = f" ({low} to {high})"
    return f"{100 * found.summary.shares['200']:.1f} %{between} answered{latency}"


def _certainty(grid: Grid) -> str:
    found = [cell.prediction.ranges for cell in grid.cells if cell.prediction]
    widths = [ranges["200"].high - ranges["200"].low for ranges in found if ranges]
    if not widths:
        return "Each cell is one replay of the requests."
    return f"Ranges of a share of 200 are up to {100 * max(widths):.1f} points wide: see --format json."


def _seconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.3f}"


def _amount(value: Amount) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
