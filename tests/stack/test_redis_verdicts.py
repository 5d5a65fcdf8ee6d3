"""Which lines redis-server refuses, in which release, and what it would say it has set."""

from pathlib import Path

import pytest

from tests.trees import stack_of, write_tree
from tuner.formats.candidate import is_candidate
from tuner.source.tree import collect
from tuner.stack.files import read_tree
from tuner.stack.grouping import group_hosts
from tuner.stack.include import IncludeReport
from tuner.stack.model import Stack
from tuner.stack.redis.effective import redis_settings
from tuner.stack.redis.loading import load_servers
from tuner.stack.redis.releases import known_releases
from tuner.stack.redis.verdicts import in_words
from tuner.stack.target import parse_target
from tuner.stack.value import Value

CONF = "etc/redis/redis.conf"


def stack(root: Path, text: str, target: str = "redis=7.0", **others: str) -> Stack:
    return stack_of(root, {CONF: f"daemonize no\n{text}\n", **others}, target)


def refused(made: Stack) -> list[tuple[str, str]]:
    return [(one.setting, one.because.removeprefix(": ")) for one in made.refused]


def settings(
    root: Path, text: str, target: str = "redis=7.0", *, with_defaults: bool = False
) -> dict[str, Value]:
    write_tree(root, {CONF: f"daemonize no\n{text}\n"})
    meant = parse_target(target)
    tree = collect([str(root)], is_candidate)
    (host,) = group_hosts(tree, read_tree(tree, target=meant))
    servers = load_servers(host, IncludeReport())
    (group,) = redis_settings(servers, meant, with_defaults=with_defaults)
    assert (group.program, group.instance, group.section) == ("redis", str(root / CONF), "")
    assert len({value.label for value in group.values}) == len(group.values)
    return {value.label: value for value in group.values}


@pytest.mark.parametrize(
    ("line", "target", "reason"),
    [
        ("timeout 010", "redis=7.0", "argument couldn't be parsed into an integer"),
        ("timeout 0 # none", "redis=7.0", "wrong number of arguments; a # behind a value starts no comment"),
        ("maxmemory-samples 65", "redis=7.4", "argument must be between 1 and 64 inclusive"),
        ("io-threads 200", "redis=8.2", "argument must be between 1 and 128 inclusive"),
        ("port 0", "redis=7.0", "Configured to not listen anywhere, exiting"),
        ("tls-port 7000", "redis=7.0", "No tls-cert-file configured"),
        ("tls-port 7000\ntls-cert-file /c", "redis=7.0", "No tls-key-file configured"),
        (
            "cluster-enabled yes\nport 55536",
            "redis=7.0",
            "too high for cluster mode: the bus listens 10000 above it",
        ),
        ("aclfile /a\nuser bob on", "redis=7.0", "users are defined here and in an ACL file"),
        (
            "bind 127.0.0.1,::1",
            "redis=7.0",
            "Could not create server TCP listening socket: Name or service not known",
        ),
        ("include /etc/redis/*.x", "redis=6.2", "no pattern: it is the name of one file, which is not there"),
    ],
)
def test_a_refused_line(line: str, target: str, reason: str, tmp_path: Path) -> None:
    assert [because for _, because in refused(stack(tmp_path, line, target))] == [reason]


@pytest.mark.parametrize(
    ("line", "target"),
    [
        ("maxmemory-samples 65", "redis=7.2"),
        ("maxmemory-samples 65", "redis=7.2.5"),
        ("io-threads 200", "valkey=8.1"),
        ("port 0\nunixsocket /run/r.sock", "redis=7.0"),
        ("port 55536", "redis=7.0"),
        ("cluster-enabled yes\nport 55535", "redis=7.0"),
        ("cluster-enabled yes\nport 60000\ncluster-port 7000", "redis=7.0"),
        ("cluster-enabled yes\nreplicaof no one", "redis=7.0"),
        ("bind a,b\nport 0\nunixsocket /s", "redis=7.0"),
        ("include /elsewhere/x.conf\nport 0", "redis=7.0"),
        ("loadmodule /m.so\nuser bob on +m.get", "redis=7.0"),
        ("io-threads 200", ""),
        ("gopher-enabled no\nsentinel monitor a 1.2.3.4 1 1", "redis=7.0"),
    ],
)
def test_a_line_that_is_taken(line: str, target: str, tmp_path: Path) -> None:
    made = stack(tmp_path, line, target)
    assert (refused(made), made.unknown_directives) == ([], [])


def test_a_template_is_judged_by_what_is_written_out(tmp_path: Path) -> None:
    text = "timeout {{ timeout }}\nuser bob\nuser bob\nport {{ a }} {{ b }}\ntimeout x\nbogus {{ c }}\n"
    made = stack_of(
        tmp_path, {"redis.conf.j2": f"daemonize no\nappendonly no\ndatabases 4\n{text}"}, "redis=7.0"
    )
    assert refused(made) == [("timeout x", "argument couldn't be parsed into an integer")]
    assert [one.directive.data for one in made.unknown_directives] == ["bogus"]


def test_a_release_that_nobody_names_is_the_newest_that_takes_most(tmp_path: Path) -> None:
    made = stack(tmp_path, "gopher-enabled no\nmaxmemory-samples 65\nlocale-collate C\ntimeout x", "")
    assert [
        (one.setting, [str(o.conditions[0]) for o in one.is_refused.options]) for one in made.refused
    ] == [
        ("maxmemory-samples 65", ["Redis 7.4 and newer or Valkey 8.0 and newer", OTHERS]),
        ("timeout x", []),
    ]
    (unknown,) = made.unknown_directives
    assert [str(option.conditions[0]) for option in unknown.is_unknown.options] == [
        "Redis 7.0 and newer or Valkey",
        OTHERS,
    ]


OTHERS = "every other release of Redis and Valkey"


def test_releases_in_words() -> None:
    releases = known_releases()
    assert in_words(releases) == "Redis or Valkey"
    assert in_words(releases[1:3]) == "Redis 6.2 up to before 7.2"
    assert in_words([releases[0], releases[6]]) == "Redis before 6.2 or Redis 8.2 and newer"


def test_settings_in_force_with_their_places_and_what_they_override(tmp_path: Path) -> None:
    found = settings(
        tmp_path, "maxmemory 1gb\nslave-priority 5\nreplica-priority 6\nsave 60 1\nsave 30 2\nhz 900"
    )
    data = {label: value.data for label, value in found.items()}
    assert data == {
        "daemonize": "no",
        "maxmemory": 2**30,
        "replica-priority": 6,
        "slave-priority": 6,
        "save": "60 1 30 2",
        "hz": 500,
    }
    assert str(found["replica-priority"].origin).endswith("redis.conf:4")
    assert [lost.data for lost in found["replica-priority"].overrides] == [5]
    assert found["maxmemory"].unit == "bytes"


def test_settings_that_nobody_wrote(tmp_path: Path) -> None:
    found = settings(tmp_path, "cluster-enabled yes", "redis=7.2", with_defaults=True)
    assert (found["maxclients"].data, found["bind"].data, found["databases"].data) == (10000, "* -::*", 1)
    assert found["maxclients"].origin.kind == "default"
    assert "gopher-enabled" not in found
    assert found["dir"].data is None
    unsure = settings(tmp_path, "timeout 1", "", with_defaults=True)["lazyfree-lazy-expire"]
    assert [option.data for option in unsure.options] == ["no", "yes"]


def test_what_an_unseen_include_may_set_is_not_known(tmp_path: Path) -> None:
    found = settings(tmp_path, "timeout 1\ninclude /elsewhere/x.conf\nhz 20")
    assert (found["timeout"].data, found["hz"].data) == (None, 20)


@pytest.mark.parametrize(
    ("lines", "target", "points"),
    [
        ("include /etc/redis/a.conf\nsave 30 3\nsave 20 2", "redis=7.0", "20 2"),
        ("save 30 3\ninclude /etc/redis/a.conf", "redis=7.0", "30 3 60 5 70 6"),
        ("save 30 3\ninclude /etc/redis/a.conf", "redis=6.2", "60 5 70 6"),
        ("save 30 3\ninclude /etc/redis/a.conf\nsave 10 1", "redis=6.2", "60 5 70 6 10 1"),
    ],
)
def test_save_lines_on_both_sides_of_an_include(lines: str, target: str, points: str, tmp_path: Path) -> None:
    write_tree(tmp_path, {"etc/redis/a.conf": "save 60 5\nsave 70 6\n"})
    assert settings(tmp_path, lines, target)["save"].data == points


def test_an_include_of_a_folder_loads_nothing(tmp_path: Path) -> None:
    made = stack(tmp_path, "include /etc/redis/conf.d", **{"etc/redis/conf.d/a.conf": "timeout 1\n"})
    (problem,) = [p for p in made.problems if p.kind == "include-unmatched"]
    assert problem.severity == "warning"
    assert "it is a folder" in str(problem.text.data)
