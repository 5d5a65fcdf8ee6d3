"""Predictions for many settings, and the best of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import NamedTuple

from tuner.laws.simulator.prediction import Prediction
from tuner.laws.simulator.setting import Setting
from tuner.laws.simulator.summary import Summary

Amount = int | float | str


class Cell(NamedTuple):
    """What one combination of tried values gives.

    Where the program refuses the combination, `refused` says why, and there is no setting.
    """

    tried: Mapping[str, Amount]
    setting: Setting | None
    prediction: Prediction | None
    refused: str = ""


@dataclass(frozen=True)
class Grid:
    """One cell for every combination of the axes' values, the last axis running fastest.

    `axes` are one or two keys with their values. `present` is the setting without what is tried, where all
    of its numbers are known.
    """

    axes: Mapping[str, Sequence[Amount]]
    cells: Sequence[Cell]
    present: Cell | None

    @cached_property
    def best(self) -> Cell:
        """The cell with the fewest failures, the smallest p99, the fewest workers, the shortest queue.

        Chance makes small differences: shares are equal to a tenth of a percent, latencies to two digits.
        Raises ValueError where every cell is refused.
        """
        return min((cell for cell in self.cells if cell.prediction), key=_badness)

    def is_present(self, cell: Cell) -> bool:
        """Say whether a cell comes to the present setting, be it by another way of writing it."""
        return bool(self.present and cell.setting and cell.setting == self.present.setting)


def _badness(cell: Cell) -> tuple[float, float, int, int]:
    assert cell.prediction
    assert cell.setting
    figures: Summary = cell.prediction.summary
    failed = round(1 - figures.shares["200"], 3)
    p99_s = inf if figures.p99_s is None else float(f"{figures.p99_s:.2g}")
    return failed, p99_s, cell.setting.workers, cell.setting.backlog
