import pytest

from tuner import packaged
from tuner.laws.listen_queue import somaxconn_default
from tuner.laws.version import Version
from tuner.stack import defaults
from tuner.stack.target import Target, parse_target
from tuner.stack.value import Data, Value

SOMAXCONN = "net.core.somaxconn"
TABLES = [
    (table, label)
    for table, content in packaged.defaults_tables().items()
    for label in content.get("settings", {})
]


def default(table: str, label: str, target: str = "") -> Value:
    return defaults.default(table, label, "x", parse_target(target) if target else Target())


@pytest.mark.parametrize(
    ("target", "data"),
    [
        ("php=5.6", 65535),
        ("php=7.0", 511),
        ("php=7.0.33", 511),
        ("php=8.1", 511),
        ("php=8.1.30", 511),
        ("php=8.2", -1),
        ("php=8.2.0", -1),
        ("php=8.6", -1),
        ("debian-11", 511),
        ("debian-12", -1),
        ("ubuntu-22.04", 511),
    ],
)
def test_listen_backlog_of_php_fpm(target: str, data: int) -> None:
    value = default("php-fpm", "listen.backlog", target)
    assert (value.data, value.default, value.unit, value.is_written) == (data, data, "connections", False)


def test_an_unknown_php_has_the_defaults_of_the_versions_considered() -> None:
    value = default("php-fpm", "listen.backlog")
    assert (value.state, value.data, value.default) == ("unknown", None, None)
    assert [(o.data, str(o.conditions[0])) for o in value.options] == [
        (511, "php 7.0 up to before 8.2"),
        (-1, "php >= 8.2"),
    ]


@pytest.mark.parametrize(
    ("target", "data"),
    [("kernel=3.10", 128), ("kernel=5.3", 128), ("kernel=5.4", 4096), ("debian-12", 4096), ("rhel-8", 128)],
)
def test_somaxconn_of_a_kernel(target: str, data: int) -> None:
    assert default("kernel", SOMAXCONN, target).data == data


@pytest.mark.parametrize(
    "kernel", ["2.6.32", "3.10", "4.14", "4.19", "5.3.18", "5.4", "5.4.1", "6.1", "6.18"]
)
def test_somaxconn_agrees_with_the_law(kernel: str) -> None:
    assert default("kernel", SOMAXCONN, f"kernel={kernel}").data == somaxconn_default(Version.parse(kernel))


def test_an_unknown_kernel_has_two_possible_somaxconn() -> None:
    value = default("kernel", SOMAXCONN)
    assert [(o.data, str(o.conditions[0])) for o in value.options] == [
        (128, "kernel < 5.4"),
        (4096, "kernel >= 5.4"),
    ]
    assert "kernel version" in value.origin.words


@pytest.mark.parametrize(
    ("table", "label", "data"),
    [
        ("nginx", "listen.backlog", 511),
        ("nginx", "fastcgi_read_timeout", 60),
        ("nginx", "fastcgi_connect_timeout", 60),
        ("nginx", "fastcgi_send_timeout", 60),
        ("nginx", "worker_processes", 1),
        ("redis", "tcp-backlog", 511),
        ("redis", "port", 6379),
        ("redis", "tls-port", 0),
        ("redis", "maxclients", 10000),
        ("kernel", "net.ipv4.tcp_syncookies", 1),
        ("kernel", "ignores-max-syn-backlog", True),
        ("php-fpm", "hash-starts-comment", False),
        ("php-fpm", "request_terminate_timeout", 0),
    ],
)
def test_what_every_considered_version_agrees_on_is_known(table: str, label: str, data: Data) -> None:
    value = default(table, label)
    assert (value.data, value.default, value.state, value.options) == (data, data, "known", ())


@pytest.mark.parametrize(
    ("table", "label", "target", "data"),
    [
        ("php-fpm", "hash-starts-comment", "php=5.6", True),
        ("kernel", "ignores-max-syn-backlog", "kernel=3.10", False),
        ("kernel", "ignores-max-syn-backlog", "kernel=4.4", True),
    ],
)
def test_a_version_older_than_considered_counts_when_a_target_says_so(
    table: str, label: str, target: str, data: Data
) -> None:
    assert default(table, label, target).data == data


@pytest.mark.parametrize("target", ["", "debian-12"])
def test_tcp_max_syn_backlog_depends_on_the_memory(target: str) -> None:
    value = default("kernel", "net.ipv4.tcp_max_syn_backlog", target)
    assert (value.state, value.options) == ("unknown", ())
    assert "memory" in value.origin.words


@pytest.mark.parametrize(("table", "label"), TABLES)
def test_every_default_is_known_for_every_target(table: str, label: str) -> None:
    varies = "varies" in packaged.defaults_tables()[table]["settings"][label]
    for target in packaged.defaults_tables()["targets"]:
        value = default(table, label, target)
        program = packaged.defaults_tables()[table]["program"]
        is_decided = not varies and parse_target(target).version(program) is not None
        assert value.is_known or not is_decided
        assert value.label == label


def test_oldest_version_considered() -> None:
    assert defaults.oldest_considered("php-fpm") == Version.parse("7.0")
