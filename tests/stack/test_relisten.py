"""What makes a running program listen again, as far as its socket and its file tell."""

from collections.abc import Callable

import pytest

from tuner.source.span import Span
from tuner.source.text import Text
from tuner.stack.relisten import how_to_relisten
from tuner.stack.value import Origin, Place, Value, absent, unknown

DEFAULT = 511
RESTART = "restart it"


def backlog(number: int, *, written: bool = True) -> Value:
    place = Place(Text("nginx.conf", b"listen 80 backlog=1;"), Span(10, 19))
    origin = Origin("file", str(place), place) if written else Origin("default", "nginx")
    return Value("listener.backlog", number, origin)


def running(number: int) -> Value:
    return Value("listener.running_backlog", number, Origin("live", "ss"))


@pytest.mark.parametrize(("asked", "queue"), [(2000, 511), (2000, 2000), (511, 128), (-1, 4096)])
def test_nginx_may_have_been_started_with_the_same_number(asked: int, queue: int) -> None:
    assert how_to_relisten("nginx", backlog(asked), running(queue), RESTART) == (
        "reload nginx if backlog= was changed since it started; "
        "if only net.core.somaxconn was, a reload keeps the old queue: restart it"
    )


@pytest.mark.parametrize("queue", [128, DEFAULT])
def test_nginx_without_a_backlog_may_have_lost_one(queue: int) -> None:
    words = how_to_relisten("nginx", backlog(DEFAULT, written=False), running(queue), RESTART)
    assert words.startswith("reload nginx if a backlog= was removed since it started; if only net.core")
    assert words.endswith("a reload keeps the old queue: restart it")


@pytest.mark.parametrize("written", [True, False])
def test_a_queue_longer_than_the_number_proves_that_nginx_was_started_with_another(written: bool) -> None:
    """The kernel never gives more than what was asked for."""
    words = how_to_relisten("nginx", backlog(DEFAULT, written=written), running(DEFAULT + 1), RESTART)
    assert words == "reload nginx: its number was larger when it started, so it listens again"


@pytest.mark.parametrize(
    "socket", [absent("listener.running_backlog", "none"), unknown("listener.running_backlog", "no rights")]
)
def test_nothing_follows_from_a_queue_that_nobody_saw(socket: Value) -> None:
    assert "if backlog= was changed" in how_to_relisten("nginx", backlog(1), socket, RESTART)


@pytest.mark.parametrize("owner", ["php-fpm", "redis"])
@pytest.mark.parametrize("value", [backlog, lambda number: backlog(number, written=False)])
def test_php_fpm_and_redis_never_listen_again(owner: str, value: Callable[[int], Value]) -> None:
    words = how_to_relisten(owner, value(128), running(4096), RESTART)  # type: ignore[arg-type]
    assert words == "restart it: a reload keeps the old queue"
