"""`python -m tuner` is `fpmtune`."""

from tuner.cli.main import program

program()
