"""`python -m tuner` is `fpmtune`."""

import sys

from tuner.cli.main import run

sys.exit(run())
