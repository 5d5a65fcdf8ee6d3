"""`fpmtune simulate --grid`: the same requests under many settings."""

from argparse import Namespace
from collections.abc import Mapping, Sequence
from itertools import product
from math import prod

from tuner.cli.changes import Amount, Axis
from tuner.cli.output import is_colored
from tuner.cli.progress import Progress, counted_line
from tuner.cli.replayed import PoolRead
from tuner.errors import UsageError
from tuner.laws.simulator.grid import Cell, Grid
from tuner.laws.simulator.many import predict_all
from tuner.laws.simulator.setting import Setting
from tuner.laws.simulator.traffic import Traffic

SHOWN = ("200", "502", "504", "p99", "dead")
MOST_CELLS = 1024


def grid_report(options: Namespace, traffic: Traffic, pool: PoolRead, axes: Sequence[Axis]) -> str:
    """Replay the requests with every combination of the axes' values, and return the report.

    Raises UsageError where the grid is too large, a number is not known, or no combination can be.
    """
    if prod(len(axis.values) for axis in axes) > MOST_CELLS:
        raise UsageError(f"--grid: more than {MOST_CELLS} combinations")
    combinations = [
        dict(zip((axis.key for axis in axes), values, strict=True))
        for values in product(*(axis.values for axis in axes))
    ]
    grid = _replayed(traffic, combinations, pool, {axis.key: axis.values for axis in axes})
    if options.format == "json":
        from tuner.report.grid_json import grid_json

        return grid_json(grid)
    from tuner.report.grid_text import grid_text
    from tuner.report.terminal import Style

    return grid_text(grid, options.show or "200", Style(is_colored(options)))


def _replayed(
    traffic: Traffic,
    combinations: Sequence[Mapping[str, Amount]],
    pool: PoolRead,
    axes: Mapping[str, Sequence[Amount]],
) -> Grid:
    settings = [_setting_or_reason(pool, tried) for tried in combinations]
    if all(isinstance(setting, str) for setting in settings):
        raise UsageError(f"--grid: no combination can be: {settings[0]}")
    present = _present(pool)
    known = list(dict.fromkeys(setting for setting in (*settings, present) if isinstance(setting, Setting)))
    with Progress(len(known), counted_line) as progress:
        predictions = predict_all(traffic, known, lambda: progress.advance(1))
    found = dict(zip(known, predictions, strict=True))
    cells = [
        Cell(tried, None, None, setting) if isinstance(setting, str) else Cell(tried, setting, found[setting])
        for tried, setting in zip(combinations, settings, strict=True)
    ]
    return Grid(axes, cells, Cell({}, present, found[present]) if present else None)


def _setting_or_reason(pool: PoolRead, tried: Mapping[str, Amount]) -> Setting | str:
    """Return a setting, or why php-fpm would refuse it. Raises UsageError for a number that is not known."""
    try:
        return pool.setting(tried)
    except ValueError as error:
        return str(error)


def _present(pool: PoolRead) -> Setting | None:
    try:
        return pool.setting()
    except (UsageError, ValueError):
        return None
