"""Which files are templates, and what their holes look like.

Every pattern takes its text possessively and stops at the next opening mark, so that a file of
unclosed holes is still read in linear time.
"""

import re
from functools import cache
from posixpath import split, splitext

from tuner.source.masking import HoleGrammar, Masked, mask
from tuner.source.regex import regex
from tuner.source.text import Text

SUFFIXES = frozenset({".j2", ".jinja", ".jinja2", ".erb", ".epp", ".tmpl", ".tpl", ".template"})
"""File name endings that say "template"; what stands before them names the file that is made."""

_FOLDER = "templates"
_MARK = regex(rb"^[ \t]*+[#;]++[ \t]*+fpmtune:[ \t]*+template[ \t\r]*+$", re.MULTILINE)

_BRACES_BODY = rb"(?:[^{}]|\}(?!\})|\{(?!\{))*+"
_EXPRESSION = rb"(?:\{\{\{" + _BRACES_BODY + rb"\}\}\}|\{\{" + _BRACES_BODY + rb"\}\})"
_STATEMENT = rb"(?<!%)\{%(?:[^%{]|%(?!\})|\{(?!%))*+%\}"
_JINJA_COMMENT = rb"\{#(?:[^#{]|#(?!\})|\{(?!#))*+#\}"
_JINJA_HEADER = rb"\A#jinja2:[^\n]*+"
"""Ansible takes this first line for options of the engine; the rendered file does not have it."""
_GO_CONTROL = (
    rb"\{\{(?=-?\s*+(?:/\*|!|\$\w++\s*+:?=|(?:if|else|end|range|with|define|block|break|continue)\b))"
    + _BRACES_BODY
    + rb"\}\}"
)
_ERB_BODY = rb"(?:[^%<]|%(?!>)|<(?!%))*+%>"
_ERB_VALUE = rb"<%=" + _ERB_BODY
_ERB_CONTROL = rb"<%(?![=%])" + _ERB_BODY
_ENVIRONMENT = rb"\$\{[A-Za-z_]\w*+\}"


@cache
def _grammar(values: tuple[bytes, ...], controls: tuple[bytes, ...]) -> HoleGrammar:
    """Build a grammar in which value holes that fill a whole line leave no text either.

    Such a hole stands for whole directives; a word in its place would swallow the next line.
    """
    value, control = b"|".join(values), b"|".join(controls)
    lone_line = rb"^[ \t]*+(?:(?:" + control + rb"|" + value + rb")[ \t]*+)++(?=\r?$)(?!\s*+;)"
    return HoleGrammar(
        value=regex(value),
        control=regex(lone_line + rb"|" + control, re.MULTILINE),
    )


_Holes = tuple[tuple[bytes, ...], tuple[bytes, ...]]
"""The values and the controls of a language."""

_JINJA: _Holes = (_EXPRESSION,), (_STATEMENT, _JINJA_COMMENT, _JINJA_HEADER)
_ERB: _Holes = (_ERB_VALUE,), (_ERB_CONTROL,)
_ANY_CONTROL = (_STATEMENT, _JINJA_COMMENT, _GO_CONTROL, _ERB_CONTROL)
_ANY: _Holes = (_EXPRESSION, _ERB_VALUE), _ANY_CONTROL
_ANY_AND_ENVIRONMENT: _Holes = (_EXPRESSION, _ERB_VALUE, _ENVIRONMENT), _ANY_CONTROL

_HOLES_OF_SUFFIX = {
    ".j2": _JINJA,
    ".jinja": _JINJA,
    ".jinja2": _JINJA,
    ".erb": _ERB,
    ".epp": _ERB,
    ".template": _ANY_AND_ENVIRONMENT,
}


def made_path(path: str) -> str:
    """Return the path of the file that a template makes: `path` without the templates' endings."""
    stem, suffix = splitext(path)
    while suffix.lower() in SUFFIXES:
        path = stem
        stem, suffix = splitext(path)
    return path


def is_template(path: str, data: bytes) -> bool:
    """Say whether the file is a template: by suffix, by a `templates` folder, or by `# fpmtune: template`."""
    folder, name = split(path)
    if splitext(name)[1].lower() in SUFFIXES or _FOLDER in folder.split("/"):
        return True
    return b"fpmtune:" in data and _MARK.search(data) is not None


def prepare(text: Text, is_template: bool) -> Masked:
    """Return the bytes to parse: a template's holes masked by its language, everything else as it is."""
    if not is_template:
        return Masked(text.data, ())
    return mask(text.data, _grammar(*_HOLES_OF_SUFFIX.get(splitext(text.path)[1].lower(), _ANY)))
