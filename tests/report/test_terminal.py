import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.report.terminal import ColorMode, Style, display_width, one_line, padded, printable, use_color

ANY_CHARACTERS = st.text(st.characters(exclude_categories=()))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text", "plain text"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\tb\r\n", r"a\x09b\x0d\x0a"),
        ("\x7f", r"\x7f"),
        ("\x9b", r"\u009b"),
        ("\u202egnp.conf", r"\u202egnp.conf"),
        ("\u2066\u200b\u2028", r"\u2066\u200b\u2028"),
        (b"caf\xe9 \x80 \xff".decode("utf-8", "surrogateescape"), r"caf\xe9 \x80 \xff"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
        ("café 日本", "café 日本"),
    ],
)
def test_what_is_not_visible_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(ANY_CHARACTERS)
def test_printable_text_has_no_control_bidi_or_surrogate(text: str) -> None:
    shown = printable(text)
    categories = {unicodedata.category(char) for char in shown}
    assert not categories & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    shown.encode("utf-8")


@given(ANY_CHARACTERS)
def test_printable_twice_is_printable_once(text: str) -> None:
    assert printable(printable(text)) == printable(text)


def test_prose_of_several_lines_becomes_one() -> None:
    assert one_line("raise it\n  and restart\n\nthen\x1b look\n") == r"raise it and restart then\x1b look"


@pytest.mark.parametrize(("text", "width"), [("abc", 3), ("日本", 4), ("e\u0301", 1), ("ｗ", 2), ("", 0)])
def test_width_counts_terminal_columns(text: str, width: int) -> None:
    assert display_width(text) == width
    assert padded(text, 6) == text + " " * (6 - width)


@pytest.mark.parametrize(
    ("mode", "stream", "environ", "expected"),
    [
        ("auto", Terminal(), {}, True),
        ("auto", io.StringIO(), {}, False),
        ("auto", Terminal(), {"NO_COLOR": "1"}, False),
        ("auto", Terminal(), {"NO_COLOR": ""}, True),
        ("auto", Terminal(), {"TERM": "dumb"}, False),
        ("always", io.StringIO(), {"NO_COLOR": "1"}, True),
        ("never", Terminal(), {}, False),
    ],
)
def test_color_is_decided_by_mode_then_environment_then_stream(
    mode: ColorMode, stream: io.StringIO, environ: dict[str, str], expected: bool
) -> None:
    assert use_color(mode, stream, environ) is expected


def test_style_paints_only_when_enabled() -> None:
    assert Style(True).paint("x", "red") == "\x1b[1;31mx\x1b[0m"
    assert Style(True).paint("", "red") == ""
    assert Style(False).paint("x", "red") == "x"
