"""`fpmtune simulate --grid ... --format json`."""

from tuner.laws.simulator.grid import Cell, Grid
from tuner.report.simulate_json import SCHEMA_VERSION, figures_json
from tuner.report.value_json import Json, ascii_json


def grid_json(grid: Grid) -> str:
    """Return every cell of a grid as ASCII JSON; `present` is null where it is not known."""
    best = grid.best
    return ascii_json(
        {
            "schema_version": SCHEMA_VERSION,
            "grid": {key: list(values) for key, values in grid.axes.items()},
            "cells": [
                {**_cell(cell), "best": cell is best, "present": grid.is_present(cell)} for cell in grid.cells
            ],
            "present": _cell(grid.present) if grid.present else None,
            "best": dict(best.tried),
        }
    )


def _cell(cell: Cell) -> Json:
    if cell.setting is None or cell.prediction is None:
        return {**cell.tried, "refused": cell.refused}
    return {
        **cell.tried,
        "workers": cell.setting.workers,
        "effective_backlog": cell.setting.backlog,
        **figures_json(cell.prediction),
    }
