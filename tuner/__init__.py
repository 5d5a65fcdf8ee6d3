"""fpmtune: linter and tuner for the PHP serving path."""

__version__ = "0.1.0"
