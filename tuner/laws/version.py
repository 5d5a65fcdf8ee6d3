"""The version number of a kernel or a program."""

import re

_VERSION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})+)(?![.0-9])")


class Version(tuple[int, ...]):
    """A version, ordered and hashed by its numbers: 6.1 < 6.1.125 < 6.12.

    A number that is not written is less than any that is: 6.1 < 6.1.0, so compare with as few numbers as the
    fact needs (`kernel >= Version.parse("5.4")` is true of every 5.4). A suffix counts for nothing:
    8.6.0RC3 equals 8.6.0, and 6.1.0-32-amd64, the name Debian gives a patched 6.1.x, equals 6.1.0.
    """

    text: str

    @classmethod
    def parse(cls, text: str) -> "Version":
        """Return the version at the start of `text`: two numbers or more, joined by dots.

        Raises ValueError where there is none, also for a single number: 4 may be 4.0 or 4.20.
        """
        match = _VERSION.match(text.strip())
        if match is None:
            raise ValueError(f"not a version of two or more numbers, like 6.1 or 8.2.7: {text[:40]!r}")
        version = cls(int(number) for number in match[1].split("."))
        version.text = match[1]
        return version

    @property
    def numbers(self) -> tuple[int, ...]:
        """Its numbers, the leading one first."""
        return tuple(self)

    def __str__(self) -> str:
        return self.text
