"""What the Zend INI scanner matches in each of its states.

It takes the longest match; the alternatives stand in an order in which the first match is the longest.
"""

import re
from functools import cache

from tuner.source.regex import regex

_NEWLINE = rb"(?:\r\n|\n|\r)"
_LINE_END = rb"(?P<line_end>[ \t]*+(?:;[^\r\n]*+)?" + _NEWLINE + rb")|(?P<cut>[ \t]*+;)"
_WORDS = rb"(?i:true|on|yes|false|off|none|no|null)"
TRUE = frozenset({b"true", b"on", b"yes"})
"""Words that mean 1."""
FALSE = frozenset({b"false", b"off", b"no", b"none", b"null"})
"""Words that mean the empty text."""
_LITERAL_DOLLAR = rb"\$(?:\\(?!\$[^{\0]).|[^{\0])"
_QUOTED_TEXT = rb"(?:[^\"\\$]|\$(?!\{)|\\(?!\"(?:[\r\n]|\Z)).|\\(?=\"(?:[\r\n]|\Z))|\\\Z)++"


_LABEL_WITH_BRACKETS = rb"[^=\n\r\t;&|^$~(){}!\"\[\0]"
_LABEL = rb"[^=\n\r\t;&|^$~(){}!\"\[\0\]]"


@cache
def statement_pattern(names_hold_brackets: bool) -> re.Pattern[bytes]:
    """Return what stands at the start of a statement; up to PHP 8.2 a name can hold `]`."""
    label = _LABEL_WITH_BRACKETS if names_hold_brackets else _LABEL
    return regex(
        _LINE_END
        + rb"|(?P<equals>[ \t]*+=[ \t]*+)"
        + rb"|(?P<section>\[)"
        + rb"|(?P<array>(?P<array_name>" + label + rb"++)\[[ \t]*+)"
        + rb"|(?P<boolean>" + _WORDS + rb"(?:\ *+(?!" + label + rb")|\ *+\t[ \t]*+))"
        + rb"|(?P<blank>\ *+\t[ \t]*+)"
        + rb"|(?P<label>" + label + rb"++)"
        + rb"|(?P<mark>[&|^$~(){}!\"\]])",
        re.DOTALL,
    )  # fmt: skip


def _enclosed_pattern(end: bytes, closing: bytes) -> re.Pattern[bytes]:
    return regex(
        rb"(?P<closing>" + end + rb")"
        + rb"|'(?P<raw>[^']++)'"
        + rb"|(?P<variable>\$\{)"
        + rb"|(?P<quote>[ \t]*+\")"
        + rb"|(?P<run>(?:[^$\n\r;\"'" + closing + rb"\\]|\\.|" + _LITERAL_DOLLAR + rb")++)",
        re.DOTALL,
    )  # fmt: skip


VALUE = regex(
    rb"(?P<run>(?:[^$= \t\n\r;&|^~()!\"'\0]|" + _LITERAL_DOLLAR + rb")++)"
    rb"|" + _LINE_END + rb"|(?P<quote>[ \t]*+\")|(?P<blank>[ \t]++)|(?P<mark>[&|^~()!])[ \t]*+"
    rb"|'(?P<raw>[^']++)'|(?P<variable>\$\{)",
    re.DOTALL,
)
"""After `=`."""
SECTION = _enclosed_pattern(rb"\][ \t]*+" + _NEWLINE + rb"?", rb"\]")
"""After the `[` of a header."""
ARRAY_KEY = _enclosed_pattern(rb"[ \t]*+\]", rb"\]")
"""After the `[` of an array key."""
FALLBACK = _enclosed_pattern(rb"\}", rb"}")
"""After the `:-` of `${NAME:-fallback}`."""
QUOTED = regex(rb"(?P<closing>\"[ \t]*+)|(?P<variable>\$\{)|(?P<text>" + _QUOTED_TEXT + rb")", re.DOTALL)
"""After an opening double quote."""
NAME_OLD = regex(rb"[^=\n\r\t;&|^$~(){}!\"\[\0][^=\n\r\t;&|^$~(){}!\"\[\0\]]*+")
"""A name after `${`, up to PHP 8.2."""
NAME_NEW = regex(rb"(?:(?!:-)[^=\n\r\t;&|^$~(){}!\"\[\0\]])++")
"""A name after `${`, since PHP 8.3."""
SHORT_NAME_NEW = regex(rb"[^=\n\r\t;&|^$~(){}!\"\[\0\]]?:-")
"""`:-`, with the one letter before it that PHP loses."""
BLANK_RUN = regex(rb"[ \t]++")
"""The blanks that belong to a boolean word."""
CONSTANT = regex(rb"[a-zA-Z_][a-zA-Z0-9_]*+")
"""A word that may be the name of a constant."""
ESCAPE = regex(rb"\\([\"\\$])")
"""What a backslash takes away in double quotes."""
