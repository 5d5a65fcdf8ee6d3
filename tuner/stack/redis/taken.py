"""What becomes of a line: a value, or a refusal."""

from typing import NamedTuple

from tuner.stack.value import Data

WRONG_COUNT = "wrong number of arguments"
BAD_DIRECTIVE = "Bad directive or wrong number of arguments"


class Refused(NamedTuple):
    """Why Redis does not start with a line, in its own words."""

    reason: str


Taken = Data | Refused
"""The value that Redis keeps, as CONFIG GET prints it (numbers as numbers), or its refusal."""
