"""What nginx's words look like (`ngx_conf_read_token`), as patterns on bytes."""

import re

from tuner.source.regex import regex

BLANKS = regex(rb"[ \t\r\n]*+")
BARE = regex(rb"(?:[^ \t\r\n;{\\$]++|\\.?|\$\{*+)++", re.DOTALL)
_WORD = (
    rb"(?:\"(?:[^\"\\]++|\\.)*+\"(?=[ \t\r\n;{]|\Z)|'(?:[^'\\]++|\\.)*+'(?=[ \t\r\n;{]|\Z)"
    rb"|(?:[^ \t\r\n\v\f;{}#\"'\\$]|\\.|\$(?!\{))(?:[^ \t\r\n\v\f;{\\$]++|\\.|\$(?!\{))*+)"
)
WORDS = regex(_WORD, re.DOTALL)
PLAIN_STATEMENT = regex(
    rb"[ \t\r\n]*+(" + _WORD + rb"(?:[ \t\r\n]++" + _WORD + rb")*+)[ \t\r\n]*+([;{])", re.DOTALL
)
"""A statement with nothing odd in it, no comment and no `${`: nearly every one is."""
NEEDS_CARE = regex(rb"[\"'\\]")
PLAIN_LIMIT_BYTES = 2048
QUOTED = {
    ord('"'): regex(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL),
    ord("'"): regex(rb"'(?:[^'\\]++|\\.)*+'", re.DOTALL),
}
ESCAPE = regex(rb"\\([\\\"'trn])")
