"""Random changes of random files: exactly what was asked for is read afterwards, every other byte stays."""

import base64
import gzip
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.change.documents import after, read, texts
from tuner.change.delete import delete_directive
from tuner.change.insert import NewDirective, insert_after, insert_into
from tuner.change.replace import replace_value
from tuner.change.verify import Change
from tuner.errors import ChangeError
from tuner.formats.document import KINDS, Directive, Document, Kind
from tuner.formats.recognise import recognise
from tuner.formats.templates import is_template
from tuner.source.text import BOM

ROOT = Path(__file__).parents[2]
LINES: dict[Kind, tuple[bytes, ...]] = {
    "php-fpm": (
        b"[www]", b"\t[b] ; c", b"pm = static", b"  pm.max_children=80 ; c", b"listen = '/a b'",
        b"; c \xe9", b'env[A] = "x\\"y"', b"access.log = $pool.log", b"slowlog =", b"", b"[c] a = b",
        b"d = off  ", b"e = a'b",
    ),
    "nginx": (
        b"a 1;", b"  b 'x y' \"z\\\"\" ; # c", b"s {", b"}", b"\ta 1; b 2;", b"# c \xe9", b"",
        b"s { a 1; }", b"e {}", b"r ~ \\.php$ {", b"a\n  1;", b"a ${x} y;",
    ),
    "redis": (
        b"a 1", b"  B \"x\\x41 y\"  ", b"save 900 1 300 10", b"# c \xe9", b"", b"d 'it\\'s'",
        b"e a\"b c\"", b'f ""',
    ),
    "sysctl": (
        b"a.b = 1", b"-a/c=2", b"  d = 1 2 3  ", b"; c", b"# c \xe9", b"", b"-e", b"f =", b"g.*=1 # x",
    ),
}  # fmt: skip
ODD_VALUES = (
    "4096", "a b", "", "it's", '"', "\\", "\\'\"", "${X}", "#", ";", "}", "{", "E_ALL", "on", "=", "é", "a;b",
)  # fmt: skip
VALUES = st.one_of(
    st.sampled_from(ODD_VALUES),
    st.text(st.characters(exclude_characters="\0\n\r", exclude_categories=("Cs",)), max_size=12),
)


@st.composite
def documents(draw: st.DrawFn, kind: Kind) -> Document:
    lines = draw(st.lists(st.sampled_from(LINES[kind]), min_size=1, max_size=12))
    if kind == "nginx":
        lines = balanced(lines)
    ending = draw(st.sampled_from([b"\n", b"\r\n"]))
    data = ending.join(lines) + draw(st.sampled_from([b"", ending]))
    bom = b"" if kind == "nginx" else draw(st.sampled_from([b"", BOM]))
    return read(kind, bom + data)


def balanced(lines: list[bytes]) -> list[bytes]:
    """Return the lines without a `}` that closes nothing, and close what is open."""
    kept: list[bytes] = []
    depth = 0
    for line in lines:
        if line == b"}" and depth == 0:
            continue
        depth += line.endswith(b"{") - (line == b"}")
        kept.append(line)
    return [*kept, *[b"}"] * depth]


def can_be_written(kind: Kind, value: str) -> bool:
    return kind != "sysctl" or value.encode() == value.encode().strip(b" \t\r\v\f")


def only_there(document: Document, new: bytes, change: Change) -> bool:
    old, span = document.text.data, change.edit.span
    return new == old[: span.start] + change.edit.text + old[span.end :]


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_a_value_replaced(kind: Kind, data: st.DataObject) -> None:
    document = data.draw(documents(kind))
    places = [
        (number, argument)
        for number, directive in enumerate(document.walk())
        for argument, word in enumerate(directive.args)
        if not word.unknown
    ]
    value = data.draw(VALUES)
    if not places or not can_be_written(kind, value):
        return
    number, argument = data.draw(st.sampled_from(places))
    change = replace_value(document, list(document.walk())[number], value, argument)
    new = after(document, change)
    wanted = texts(document)
    name, key, arguments = wanted[number]
    wanted[number] = (name, key, (*arguments[:argument], value, *arguments[argument + 1 :]))
    assert texts(read(kind, new)) == wanted
    assert only_there(document, new, change)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_a_directive_deleted(kind: Kind, data: st.DataObject) -> None:
    document = data.draw(documents(kind))
    directives = list(document.walk())
    if not directives:
        return
    number = data.draw(st.integers(0, len(directives) - 1))
    gone = 1 + descendants(directives[number])
    change = delete_directive(document, directives[number])
    new = after(document, change)
    known = texts(document)
    assert texts(read(kind, new)) == known[:number] + known[number + gone :]
    assert only_there(document, new, change)


def descendants(directive: Directive) -> int:
    return sum(1 + descendants(child) for child in directive.children or ())


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_a_directive_inserted(kind: Kind, data: st.DataObject) -> None:
    document = data.draw(documents(kind))
    value = data.draw(VALUES)
    if not can_be_written(kind, value):
        return
    new_directive = NewDirective("zz", (value,))
    blocks = [directive for directive in document.walk() if directive.children is not None]
    change = insert_into(document, new_directive, data.draw(st.sampled_from(blocks)) if blocks else None)
    new = after(document, change)
    found = texts(read(kind, new))
    found.remove(("zz", "", (value,)))
    assert found == texts(document)
    assert only_there(document, new, change)


def files() -> Iterator[tuple[Kind, str, bytes]]:
    """Yield our examples, what the golden tests read, and the files of the folder FPMTUNE_CORPUS, if set."""
    data = ROOT / "tests/data"
    for line in (data / "php_fpm/php82.jsonl").read_text().splitlines():
        yield "php-fpm", "golden.conf", json.loads(line)["conf"].encode("latin-1")
    for line in (data / "redis/redis7015.jsonl").read_text().splitlines():
        yield "redis", "golden.conf", json.loads(line)["conf"].encode("latin-1")
    for case in json.loads((data / "sysctl/single_files.json").read_text())["cases"]:
        yield "sysctl", "golden.conf", case["text"].encode("utf-8", "surrogateescape")
    for line in gzip.decompress((data / "nginx/words.jsonl.gz").read_bytes()).splitlines():
        yield "nginx", "golden.conf", base64.b64decode(json.loads(line)["input"])
    for folder in (str(ROOT / "examples"), os.environ.get("FPMTUNE_CORPUS", "")):
        for path in sorted(Path(folder).rglob("*")) if folder else ():
            kind = recognise(str(path), path.read_bytes()) if path.is_file() else None
            if kind is not None:
                yield kind, str(path), path.read_bytes()


def places(kind: Kind) -> list[tuple[Document, int, int]]:
    """Return every argument that a file without errors fixes: its document, directive and number."""
    found = []
    for _, path, data in (file for file in files() if file[0] == kind):
        document = read(kind, data, path, is_template=is_template(path, data))
        if any(problem.severity == "error" for problem in document.problems):
            continue
        for number, directive in enumerate(document.walk()):
            for argument, word in enumerate(directive.args):
                is_glued = data[word.span.start - 1 : word.span.start] in (b'"', b"'")
                if not word.unknown and word.quote != "lua" and not is_glued:
                    found.append((document, number, argument))
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_a_thousand_values_of_real_files(kind: Kind) -> None:
    chance = random.Random(1)
    for document, number, argument in chance.choices(places(kind), k=1000):
        value = chance.choice(ODD_VALUES)
        change = replace_value(document, list(document.walk())[number], value, argument)
        new = after(document, change)
        assert only_there(document, new, change)
        wanted = texts(document)
        name, key, arguments = wanted[number]
        wanted[number] = (name, key, (*arguments[:argument], value, *arguments[argument + 1 :]))
        assert texts(read(kind, new, document.text.path, is_template=document.is_template)) == wanted


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.binary(max_size=60), value=VALUES, choice=st.integers(0, 99))
def test_any_bytes_are_changed_as_asked_or_not_at_all(
    kind: Kind, data: bytes, value: str, choice: int
) -> None:
    document = read(kind, data)
    directives = list(document.walk())
    if not directives:
        return
    number = choice % len(directives)
    directive = directives[number]
    known = texts(document)
    try:
        new = after(document, insert_after(document, NewDirective("zz", (value,)), directive))
    except ChangeError:
        return
    place = number + 1 + descendants(directive)
    assert texts(read(kind, new)) == [*known[:place], ("zz", "", (value,)), *known[place:]]
    assert len(new) > len(data)
