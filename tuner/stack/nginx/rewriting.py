"""What nginx cannot read of its rewrite module's lines, and of texts that it fills in with variables.

Sources: ngx_http_rewrite_if_condition(), ngx_http_rewrite(), ngx_http_rewrite_return() and
ngx_http_rewrite_set() in src/http/modules/ngx_http_rewrite_module.c, ngx_http_script_compile().
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from tuner.stack.nginx.blocks import Block
from tuner.stack.nginx.faults import Fault
from tuner.stack.nginx.filled_texts import USING, variable_fault
from tuner.stack.nginx.levels import holders
from tuner.stack.nginx.readers import number
from tuner.stack.refused import FILLED_IN_LATER
from tuner.stack.value import Place

KIND = "rewriting"
OF_HTTP = frozenset({"http", "server", "location", "server-if", "location-if", "limit_except"})
INSIDE_SERVERS = frozenset({"server", "location", "server-if", "location-if"})
COMPARISONS = frozenset({"=", "!=", "~", "~*", "!~", "!~*"})
WITH_VALUE = frozenset({"=", "!="})
FILE_TESTS = frozenset({"-f", "-d", "-e", "-x", "!-f", "!-d", "!-e", "!-x"})
REWRITE_FLAGS = frozenset({"last", "break", "redirect", "permanent"})
ABSOLUTE = ("http://", "https://", "$scheme")
LARGEST_STATUS = 999

Found = tuple[int, str] | None
"""The number of the word at fault, and what nginx says."""


def unreadable_rewriting(root: Block) -> Iterator[Fault]:
    """Yield each directive of the rewrite module that nginx cannot read; a template's are not judged."""
    for holder, levels in holders(root):
        names = READERS if levels <= INSIDE_SERVERS else TEXTS if levels <= OF_HTTP else ()
        for block in holder.among(names):
            judged = [(block, READERS[block.name])]
            if block.name == "map":
                judged += ((line, partial(_value, at=0)) for _, lines in block.each_name() for line in lines)
            found = (_fault(directive, read) for directive, read in judged)
            yield from (fault for fault in found if fault)


def _fault(block: Block, read: Callable[[Sequence[str]], Found]) -> Fault | None:
    words = block.directive.args if block.directive else ()
    found = read([word.text for word in words]) if words else None
    if found is None or block.text is None or block.parent is None or block.is_template:
        return None
    if any(word.unknown or FILLED_IN_LATER.search(word.text) for word in words):
        return None
    at, told = found
    return Fault(KIND, told, Place(block.text, words[at].span), block.parent, block.name)


def _condition(words: Sequence[str]) -> Found:
    """Judge the words of an `if`, of which the first begins with `(` and the last ends with `)`."""
    last = len(words) - 1
    if not words[0].startswith("("):
        return 0, f'invalid condition "{words[0]}"'
    if not words[last].endswith(")") or (last == 0 and words[0] == "("):
        return last, f'invalid condition "{words[last]}"'
    stripped = list(words)
    stripped[0] = stripped[0][1:]
    stripped[last] = stripped[last][:-1]
    first = 0 if stripped[0] or last == 0 else 1
    end = last if stripped[last] or last == 0 else last - 1
    return _test(stripped, first, end)


def _test(words: Sequence[str], at: int, end: int) -> Found:
    """Judge a condition without its parentheses, from the word `at` to the word `end`."""
    text, number_of_words = words[at], end - at + 1
    invalid = at, f'invalid condition "{text}"'
    if len(text) > 1 and text.startswith("$"):
        if number_of_words == 1:
            return None
        return _comparison(words, at + 1, end) if number_of_words == 3 else invalid
    if text not in FILE_TESTS or number_of_words != 2:
        return invalid
    return _value(words, end)


def _comparison(words: Sequence[str], at: int, end: int) -> Found:
    if words[at] not in COMPARISONS:
        return at, f'unexpected "{words[at]}" in condition'
    return _value(words, end) if words[at] in WITH_VALUE else None


def _value(words: Sequence[str], at: int) -> Found:
    told = variable_fault(words[at]) if at < len(words) else ""
    return (at, told) if told else None


def _rewrite(words: Sequence[str]) -> Found:
    if len(words) < 2:
        return None
    if not words[1]:
        return 1, "empty replacement"
    if len(words) > 2 and words[2] not in REWRITE_FLAGS:
        return 2, f'invalid parameter "{words[2]}"'
    return _value(words, 1)


def _return(words: Sequence[str]) -> Found:
    status = number(words[0])
    if status is None and len(words) == 1 and words[0].startswith(ABSOLUTE):
        return _value(words, 0)
    if status is None or status > LARGEST_STATUS:
        return 0, f'invalid return code "{words[0]}"'
    return _value(words, 1)


def _set(words: Sequence[str]) -> Found:
    if not words[0].startswith("$") or words[0] == "$":
        return 0, f'invalid variable name "{words[0]}"'
    return _value(words, 1)


def _new_variable(words: Sequence[str]) -> Found:
    """Judge the first line of `map`, `split_clients` or `geo`, whose last word names what it defines."""
    if not words[-1].startswith("$") or words[-1] == "$":
        return len(words) - 1, f'invalid variable name "{words[-1]}"'
    return _value(words, 0) if len(words) > 1 else None


def _text(first: int, end: int | None, words: Sequence[str]) -> Found:
    return next((found for at in range(len(words))[first:end] if (found := _value(words, at))), None)


TEXTS: Mapping[str, Callable[[Sequence[str]], Found]] = {
    name: partial(_text, *where) for name, where in USING.items()
} | dict.fromkeys(("map", "split_clients", "geo"), _new_variable)
"""Directives of http that hold a text which nginx fills in."""
READERS: Mapping[str, Callable[[Sequence[str]], Found]] = {
    **TEXTS,
    "if": _condition,
    "rewrite": _rewrite,
    "return": _return,
    "set": _set,
}
"""How the words of each directive are judged."""
