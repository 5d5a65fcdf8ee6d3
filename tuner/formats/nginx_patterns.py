"""What nginx's words look like (`ngx_conf_read_token`), as patterns on bytes."""

import re

BLANKS = re.compile(rb"[ \t\r\n]*+")
BARE = re.compile(rb"(?:[^ \t\r\n;{\\$]++|\\.?|\$\{*+)++", re.DOTALL)
_WORD = (
    rb"(?:\"(?:[^\"\\]++|\\.)*+\"(?=[ \t\r\n;{]|\Z)|'(?:[^'\\]++|\\.)*+'(?=[ \t\r\n;{]|\Z)"
    rb"|(?:[^ \t\r\n\v\f;{}#\"'\\$]|\\.|\$(?!\{))(?:[^ \t\r\n\v\f;{\\$]++|\\.|\$(?!\{))*+)"
)
WORDS = re.compile(_WORD, re.DOTALL)
PLAIN_STATEMENT = re.compile(
    rb"[ \t\r\n]*+(" + _WORD + rb"(?:[ \t\r\n]++" + _WORD + rb")*+)[ \t\r\n]*+([;{])", re.DOTALL
)
"""A statement with nothing odd in it, no comment and no `${`: nearly every one is."""
NEEDS_CARE = re.compile(rb"[\"'\\]")
PLAIN_LIMIT_BYTES = 2048
QUOTED = {
    ord('"'): re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL),
    ord("'"): re.compile(rb"'(?:[^'\\]++|\\.)*+'", re.DOTALL),
}
ESCAPE = re.compile(rb"\\([\\\"'trn])")
