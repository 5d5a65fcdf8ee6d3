"""Regular expressions that are compiled when they are first used.

A check loads over a hundred of them and uses half; to compile one takes as long as to read a file.
"""

import re
from typing import Any, AnyStr, cast


class _Pattern:
    def __init__(self, source: str | bytes, flags: int) -> None:
        self._source = source
        self._flags = flags

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a compiled pattern has
        found = getattr(re.compile(self._source, self._flags), name)
        setattr(self, name, found)
        return found


def regex(source: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Return what `re.compile` would; a malformed `source` raises re.error when it is first used."""
    return cast("re.Pattern[AnyStr]", _Pattern(source, flags))
