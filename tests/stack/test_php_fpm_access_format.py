"""Formats of the access log, as fpm_log.c takes them."""

import pytest

from tuner.stack.php_fpm.access_format import format_refusal


@pytest.mark.parametrize(
    "text",
    [
        "",
        "%",
        "no token",
        '%R - %u %t "%m %r%Q%q" %s %f %{mili}d %{kilo}M %{total}C%%',
        "%{User-Agent}e %{Content-Type}o %{%s}T %p %P %n %l",
        "%{MICRO}d",
    ],
)
def test_taken(text: str) -> None:
    assert format_refusal(text) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("%x", "invalid token %x"),
        ("%d %x", "invalid token %x"),
        ("%{kilo}d", "'kilo' is no modifier of %d"),
        ("%{seconds}M", "'seconds' is no modifier of %M"),
        ("%e", "%e needs a name between braces"),
        ("%{}o", "%o needs a name between braces"),
        ("%{a}s", "embrace is not allowed for modifier %s"),
        ("%{a", "missing closing embrace"),
        ("%{a}", "missing closing embrace"),
        ("%{milli}d %x", "invalid token %x"),
    ],
)
def test_refused(text: str, words: str) -> None:
    refusal = format_refusal(text)
    assert refusal is not None
    assert refusal[0] == words
