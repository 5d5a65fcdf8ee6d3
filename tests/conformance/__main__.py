"""How fpmtune reads and how the real programs read: `python -m tests.conformance --cases DIR [--live]`.

DIR holds recorded answers, a folder a program (`php-fpm`, `nginx`, `redis`, `sysctl`). With `--live` the
programs that are installed here are asked the same once more. The exit status is 1 where a difference is
not explained, 2 where nothing could be compared.
"""

import sys
from argparse import ArgumentParser
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from tests.conformance.table import Row, printed

PROGRAMS = ("php_fpm", "nginx", "redis", "sysctl")
Comparison = Callable[[Path | None, bool], list[Row]]


def main() -> int:
    """Compare, print the table, and return the exit status."""
    parser = ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("--cases", type=Path, help="folder of recorded answers")
    parser.add_argument("--live", action="store_true", help="ask the programs that are installed, too")
    parser.add_argument("--only", choices=PROGRAMS, action="append", help="one program (repeatable)")
    options = parser.parse_args()
    rows = [row for name in options.only or PROGRAMS for row in _rows(name, options.cases, options.live)]
    sys.stdout.write(printed(rows))
    if not any(row.cases for row in rows):
        return 2
    return 1 if any(row.unexplained for row in rows) else 0


def _rows(name: str, cases: Path | None, live: bool) -> list[Row]:
    compare: Comparison = import_module(f"tests.conformance.{name}").compare
    return compare(cases, live)


if __name__ == "__main__":
    sys.exit(main())
