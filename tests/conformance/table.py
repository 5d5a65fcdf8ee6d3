"""What a comparison with a real program came to, and how it is printed."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Difference(NamedTuple):
    """A case where fpmtune and the program differ; `artefact` says why fpmtune is right all the same."""

    case: str
    what: str
    ours: str
    theirs: str
    artefact: str = ""


class Row(NamedTuple):
    """One program in one version: how many verdicts (accepted or refused) and values were compared.

    `source` is `recorded` for what was written down earlier, `live` for a program that was just asked.
    `compared_values` counts single settings of files that both accept.
    """

    program: str
    version: str
    source: str
    cases: int
    equal_verdicts: int
    compared_values: int
    equal_values: int
    differences: tuple[Difference, ...] = ()

    @property
    def unexplained(self) -> list[Difference]:
        """The differences that are fpmtune's fault."""
        return [difference for difference in self.differences if not difference.artefact]


HEAD = (
    *("program", "version", "asked", "cases", "verdicts equal", "values", "values equal", "artefacts"),
    "unexplained",
)


def printed(rows: Sequence[Row]) -> str:
    """Return the table, and below it every difference with its reason."""
    cells = [HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEAD))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in cells]
    return "\n".join([*(line.rstrip() for line in lines), "", *_differences(rows)]) + "\n"


def _cells(row: Row) -> tuple[str, ...]:
    artefacts = len(row.differences) - len(row.unexplained)
    numbers = (row.cases, row.equal_verdicts, row.compared_values, row.equal_values, artefacts)
    return (row.program, row.version, row.source, *map(str, numbers), str(len(row.unexplained)))


def _differences(rows: Iterable[Row]) -> Iterable[str]:
    for row in rows:
        for found in row.differences:
            reason = found.artefact or "UNEXPLAINED"
            yield (
                f"{row.program} {row.version} {found.case}: {found.what}: "
                f"fpmtune {found.ours!r}, program {found.theirs!r}: {reason}"
            )
