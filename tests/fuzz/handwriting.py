"""How people write the same thing: blanks, quotes, comments at the end, line ends, and templates."""

import re
from random import Random

NUMBER = re.compile(r"(?<== )[0-9]+$|(?<=timeout )[0-9]+(?=s;)", re.MULTILINE)
HOLE = "{{ number }}"


class Handwriting:
    """One that writes lines and files at random."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def assignment(self, name: str, value: object) -> str:
        """Return a line of a php-fpm file."""
        forms = (
            "{} = {}",
            "{} = {}",
            "{}={}",
            '{} = "{}"',
            "{} = '{}'",
            "{}   =  {}",
            "  {} = {} ; as always",
        )
        return self.random.choice(forms).format(name, value)

    def directive(self, name: str, value: str) -> str:
        """Return a line of an nginx file."""
        forms = (
            "{} {};",
            "{} {};",
            "\t{}  {};",
            '{} "{}";',
            "{} '{}' ;",
            "{} {}; # as always",
            "{}\n    {};",
        )
        return self.random.choice(forms).format(name, value)

    def words(self, name: str, value: str) -> str:
        """Return a line of a redis.conf."""
        return self.random.choice(("{} {}", "{} {}", '{} "{}"', "  {}\t{}  ")).format(name, value)

    def files(self, texts: dict[str, str]) -> dict[str, bytes]:
        """Return files of these texts, each with line ends of its own, few of them as templates."""
        return dict(self._file(name, text) for name, text in texts.items())

    def _file(self, name: str, text: str) -> tuple[str, bytes]:
        if self.random.random() < 0.05:
            name += ".j2"
            text = NUMBER.sub(lambda found: HOLE if self.random.random() < 0.5 else found[0], text)
        if self.random.random() < 0.15:
            text = text.replace("\n", "\r\n")
        if self.random.random() < 0.15:
            text = text.rstrip("\r\n")
        return name, text.encode()
