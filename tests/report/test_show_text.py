from hypothesis import given
from hypothesis import strategies as st
from report_samples import (
    default,
    entity_of,
    kernel,
    known_somaxconn,
    listener,
    shop,
    unknown_somaxconn,
)

from tuner.report.show_text import NOTHING, show_text
from tuner.report.table import Row, table
from tuner.report.terminal import Style
from tuner.source.text import decode
from tuner.stack.model import Redis, Stack, Upstream
from tuner.stack.value import Override, Value, absent, unknown

PLAIN = Style(False)

SHOP = r"""kernel 6.1 (--target kernel=6.1)
  net.core.somaxconn            4096     etc/sysctl.d/60-web.conf:2
                                         overrides 1024 at etc/sysctl.d/10-base.conf:1 (a later
                                         setting wins)
  net.ipv4.tcp_max_syn_backlog  unknown  it depends on the machine's memory
  net.ipv4.tcp_syncookies       1        default of kernel

nginx listens on 0.0.0.0:80 for shop.example, www.shop.example
  backlog            511  default of nginx
  effective backlog  511  min(backlog, net.core.somaxconn)
  accept queue       512  effective backlog + 1
  SYN queue          512  effective backlog + 1

location ~ \.php$ of shop.example
  reached by               0.0.0.0:80
  fastcgi_pass             unix:/run/php/www.sock  etc/nginx/sites-enabled/shop.conf:4
  pool                     www
  fastcgi_connect_timeout  60 s   default of nginx
  fastcgi_send_timeout     60 s   default of nginx
  fastcgi_read_timeout     300 s  etc/nginx/sites-enabled/shop.conf:5

pool www
  listen                     /run/php/www.sock  etc/php/8.2/fpm/pool.d/www.conf:2
  listen.backlog             65535    etc/php/8.2/fpm/pool.d/www.conf:3
  effective backlog          4096     min(backlog, net.core.somaxconn): cut from 65535
  accept queue               4097     effective backlog + 1
  pm                         dynamic  etc/php/8.2/fpm/pool.d/www.conf:4
  pm.max_children            8        etc/php/8.2/fpm/pool.d/www.conf:5
  pm.start_servers           0        default of php
  pm.min_spare_servers       0        default of php
  pm.max_spare_servers       0        default of php
  request_terminate_timeout  0 (off)  default of php
  reached from               shop.example ~ \.php$
"""


def redis_host(somaxconn: Value) -> Stack:
    backlog = default("redis.tcp_backlog", 511, "default of redis", "connections")
    socket = listener("redis", "cache", "127.0.0.1:6379", backlog, somaxconn)
    maxclients = default("redis.maxclients", 10000, "default of redis", "connections")
    redis = Redis(
        entity="redis:cache",
        name="redis.conf",
        maxclients=maxclients,
        tcp_backlog=backlog,
        open_files_limit=unknown("redis.open_files_limit", "no target"),
        bound_twice=absent("redis.bound_twice"),
        listeners=[socket],
    )
    return entity_of(Stack, entity="hosts/cache", kernel=kernel(somaxconn), listeners=[socket], redis=[redis])


def test_whole_path_with_who_set_each_number() -> None:
    assert show_text([shop()], PLAIN) == SHOP


def test_unknown_numbers_say_what_they_may_be() -> None:
    text = show_text([redis_host(unknown_somaxconn())], PLAIN)
    assert text.endswith(
        """
redis redis.conf
  maxclients   10000  default of redis
  tcp-backlog  511    default of redis
  listens on 127.0.0.1:6379
    effective backlog  unknown  128 (kernel < 5.4) or 511 (kernel >= 5.4)
    accept queue       unknown  129 (kernel < 5.4) or 512 (kernel >= 5.4)
    SYN queue          unknown  129 (kernel < 5.4) or 512 (kernel >= 5.4)
"""
    )


def test_hosts_are_told_apart() -> None:
    text = show_text([shop(entity="hosts/web"), redis_host(known_somaxconn())], PLAIN)
    assert text.startswith("host hosts/web\n==============\n\nkernel 6.1")
    assert "\n\nhost hosts/cache\n================\n\nkernel 6.1" in text


def test_nothing_to_show_is_said() -> None:
    assert show_text([], PLAIN) == f"{NOTHING}\n"
    only_sysctl = show_text([entity_of(Stack, entity=".", kernel=kernel(known_somaxconn()))], PLAIN)
    assert only_sysctl.startswith("kernel 6.1")
    assert only_sysctl.endswith(f"\n\n{NOTHING}\n")


def test_pool_without_locations_and_location_without_pool() -> None:
    stack = shop()
    stack.pools[0].locations.clear()
    stack.locations[0].pools.clear()
    text = show_text([stack], PLAIN)
    assert "  reached from               -        no location in the files read passes to it" in text
    assert "  pool                     unknown  no pool in the files read listens there" in text


def test_server_without_a_name_is_not_named() -> None:
    stack = shop()
    stack.listeners[0].name = stack.listeners[0].address
    assert "\nnginx listens on 0.0.0.0:80\n" in show_text([stack], PLAIN)


def test_members_of_a_named_upstream_are_listed() -> None:
    stack = shop()
    members = [default("upstream.member", f"10.0.0.{number}:9000", "the file") for number in (1, 2)]
    stack.locations[0].upstream = entity_of(Upstream, entity="upstream:php", name="php", members=members)
    text = show_text([stack], PLAIN)
    assert "  upstream member          10.0.0.1:9000  the file\n" in text
    assert "  upstream member          10.0.0.2:9000  the file\n" in text


def test_static_pool_shows_no_spare_servers() -> None:
    stack = shop()
    stack.pools[0].pm = default("pool.pm", "static", "the file")
    text = show_text([stack], PLAIN)
    assert "pm.max_children" in text
    assert "spare_servers" not in text
    assert "start_servers" not in text


def test_long_value_leaves_the_column_and_its_remark_stands_where_it_fits() -> None:
    path = "/a/very/long/path/of/a/socket.sock"
    rows = [Row("listen", path, ("a.conf:1",)), Row("pm", "static", ("b:2", "c:3"))]
    assert list(table(rows, PLAIN)) == [
        f"  listen  {path}  a.conf:1",
        "  pm      static  b:2",
        "                  c:3",
    ]
    long = [Row("listen", path, ("p/" * 30,)), rows[1]]
    assert list(table(long, PLAIN))[:2] == [f"  listen  {path}", " " * 18 + "p/" * 30]


def test_remark_is_wrapped_at_a_hundred_columns() -> None:
    lines = list(table([Row("pm", "static", ("word " * 40,))], PLAIN))
    assert [len(line) for line in lines] == [98, 98, 43]
    assert all(line.startswith(" " * 14 + "word") for line in lines[1:])


def test_wide_characters_keep_the_columns() -> None:
    rows = [Row("日本", "1", ("x",)), Row("abcd", "2", ("y",))]
    assert list(table(rows, PLAIN)) == ["  日本  1  x", "  abcd  2  y"]


def test_colour_leaves_the_columns_alone() -> None:
    painted = show_text([shop()], Style(True))
    assert "\x1b[1;33m4096\x1b[0m" in painted, "a backlog that is cut stands out"
    for code in ("\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[1;33m"):
        painted = painted.replace(code, "")
    assert painted == SHOP


HOSTILE = st.binary(max_size=30).map(decode) | st.text(st.sampled_from("a\x1b\x9b\u202e\r\n\t\x00 "))


@given(HOSTILE)
def test_nothing_from_a_file_reaches_the_terminal_unescaped(words: str) -> None:
    stack = shop(entity=words)
    pool, location = stack.pools[0], stack.locations[0]
    origin = unknown("x", words).origin
    pool.name = location.path = location.server = words
    pool.pm = Value("pool.pm", words, origin, words, overrides=(Override(words, origin, words),))
    pool.listen = unknown("pool.listen", words, label=words)
    stack.listeners[0].name = stack.listeners[0].address = words
    assert all(line.isprintable() for line in show_text([stack, stack], PLAIN).split("\n"))
