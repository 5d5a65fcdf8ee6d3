"""A short run of the fuzzer, and proof that it would notice."""

from statistics import median

import pytest

from tests.fuzz.__main__ import Batch, answer, run
from tests.fuzz.inputs import MINIMUM_BYTES
from tests.fuzz.invariants import check
from tuner.formats.document import KINDS, Directive, Document, Kind, Problem, Word
from tuner.source.span import Span
from tuner.source.text import Text
from tuner.stack.target import Target

DATA = b"listen 80;\n"


@pytest.mark.parametrize("kind", KINDS)
def test_parsers_answer_anything(kind: Kind) -> None:
    outcome = run(Batch(kind, 0, 3, 600, ()))
    assert outcome.failures == []
    assert len(outcome.sizes) == 600
    assert median(outcome.sizes) >= MINIMUM_BYTES


@pytest.mark.parametrize(
    "document",
    [
        Document("nginx", Text("f", DATA), (Directive(Word("listen", Span(0, 6)), (), Span(0, 99)),)),
        Document("nginx", Text("f", DATA), (Directive(Word("listen", Span(7, 9)), (), Span(0, 6)),)),
        Document("nginx", Text("f", DATA), (), (Problem(Span(3, 2), "odd"),)),
        Document("nginx", Text("f", DATA), (), (Problem(Span(2, 3), ""),)),
    ],
)
def test_a_wrong_place_is_noticed(document: Document) -> None:
    with pytest.raises(AssertionError):
        check(document)


def test_an_exception_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> Document:
        raise IndexError("out of range")

    monkeypatch.setattr("tuner.formats.redis.parse", broken)
    assert answer("redis", "f.conf", b"port 1\n", Target()) == "IndexError: out of range"
    assert answer("nginx", "f.conf", DATA, Target()) == ""
