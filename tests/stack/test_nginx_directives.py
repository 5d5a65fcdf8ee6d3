"""The table of nginx's directives, and how values of its kinds are read."""

import pytest

from tuner.laws.version import Version
from tuner.stack.nginx.directives import ANYWHERE, LEVELS, forms_of, known_directives
from tuner.stack.nginx.readers import first_refused, read_word


def test_every_row_of_the_table_can_be_read() -> None:
    forms = [form for name in known_directives() for form in forms_of(name)]
    assert len(forms) >= 800
    for form in forms:
        assert form.levels <= LEVELS | {ANYWHERE}
        assert all(high is None or low <= high for low, high in form.counts)
        assert form.since is None or form.until is None or form.since < form.until
        assert form.module.endswith(".c")


@pytest.mark.parametrize(
    ("name", "levels", "numbers"),
    [
        ("fastcgi_pass", {"location", "location-if"}, {1}),
        ("location", {"server", "location"}, {1, 2}),
        ("user", {"main"}, {1, 2}),
        ("error_page", {"http", "server", "location", "location-if"}, {2, 3, 9}),
        ("least_conn", {"upstream", "stream-upstream"}, {0}),
        ("random", {"upstream", "stream-upstream"}, {0, 1, 2}),
    ],
)
def test_where_a_directive_stands_and_what_it_takes(name: str, levels: set[str], numbers: set[int]) -> None:
    forms = forms_of(name)
    assert {level for form in forms for level in form.levels} == levels
    assert {n for n in range(10) if any(form.takes(n) for form in forms)} >= numbers
    assert not any(form.takes(n) for form in forms for n in range(10) if n < min(numbers))


def test_other_modules_have_no_rows() -> None:
    assert forms_of("more_set_headers") == ()


@pytest.mark.parametrize(
    ("version", "is_in"),
    [("1.22", False), ("1.25", None), ("1.25.0", False), ("1.25.1", True), ("1.26", True), ("2.0", True)],
)
def test_a_directive_is_there_since_its_release(version: str, is_in: bool | None) -> None:
    (form,) = forms_of("http2")
    assert form.is_in(Version.parse(version)) is is_in


@pytest.mark.parametrize(
    ("version", "old", "new"),
    [("1.22.1", True, False), ("1.29.6", True, False), ("1.29.7", False, True), ("1.29", None, None)],
)
def test_a_form_holds_until_the_next(version: str, old: bool | None, new: bool | None) -> None:
    before, after = forms_of("keepalive")
    assert (before.is_in(Version.parse(version)), after.is_in(Version.parse(version))) == (old, new)


@pytest.mark.parametrize(
    ("kind", "text", "data"),
    [
        ("flag", "ON", True),
        ("flag", "yes", None),
        ("size", "8k", 8192),
        ("size", "8K", 8192),
        ("size", "1g", None),
        ("size", "8kb", None),
        ("size", "", None),
        ("offset", "1G", 2**30),
        ("number", "007", 7),
        ("number", "-1", None),
        ("number", "9223372036854775807", 2**63 - 1),
        ("number", "9223372036854775808", None),
        ("number 400..599", "400", 400),
        ("number 400..599", "399", None),
        ("number 400..599", "600", None),
        ("number 1+", "0", None),
        ("number 1+ or auto", "auto", "auto"),
        ("time", "1m30s", 90),
        ("time", "30s1m", None),
        ("time", "500ms", 0.5),
        ("seconds", "1h", 3600),
        ("seconds", "2", 2),
        ("seconds", "500ms", None),
        ("seconds", "1y1M", 34_128_000),
        ("seconds", "", None),
        ("one of off on always", "Always", "always"),
        ("one of off on always", "never", None),
        ("text", "anything", "anything"),
    ],
)
def test_values(kind: str, text: str, data: object) -> None:
    assert read_word(kind, text) == data


@pytest.mark.parametrize(
    ("kind", "texts", "refused"),
    [
        ("buffers", ["8", "4k"], None),
        ("buffers", ["0", "4k"], "0"),
        ("buffers", ["8", "0"], "0"),
        ("buffers", ["8", "4x"], "4x"),
        ("some of error timeout", ["Error", "tiemout"], "tiemout"),
        ("times", ["65", "1x"], "1x"),
        ("size", ["8k", "x"], None),
        ("size", ["$size"], None),
    ],
)
def test_the_first_refused_argument(kind: str, texts: list[str], refused: str | None) -> None:
    at = first_refused(kind, texts)
    assert (None if at is None else texts[at]) == refused
