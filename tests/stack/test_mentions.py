"""A sysctl key that another file names is not left at its default."""

from pathlib import Path

import pytest

from tests.trees import judgement_of, stack_of, stacks_of, write_tree
from tuner.stack import mentions
from tuner.stack.value import Value

KEY = "net.core.somaxconn"
NGINX = "events {}\nhttp { server { listen 80 backlog=65535; } }\n"


def somaxconn(root: Path, files: dict[str, str], target: str = "") -> Value:
    return stack_of(root, {"nginx.conf": NGINX, **files}, target).kernel.somaxconn


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("docker-compose.yml", "sysctls:\n  net.core.somaxconn: 1024\n"),
        ("Dockerfile", "# run with --sysctl net.core.somaxconn=1024\n"),
        ("roles/web/tasks/main.yml", "- sysctl: {name: net.core.somaxconn, value: 1024}\n"),
        ("scripts/tune.sh", "echo 1024 > /proc/sys/net/core/somaxconn\n"),
        ("bin/install", "sysctl -w net.core.somaxconn=1024\n"),
        ("inc/tcp.inc", "net.core.somaxconn=65535\n"),
        ("README.md", "Set `net.core.somaxconn` first.\n"),
        ("conf.d/site.conf", "# as long as net.core.somaxconn\nserver { listen 81; }\n"),
    ],
)
def test_who_names_the_key_sets_it(path: str, text: str, tmp_path: Path) -> None:
    value = somaxconn(tmp_path, {path: text})
    assert (value.state, value.options) == ("unknown", ())
    assert f"{path} names {KEY}" in value.origin.words
    assert judgement_of(tmp_path, select=["QUE001"]).findings == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("docker-compose.yml", "sysctls:\n  net.ipv4.tcp_syncookies: 1\n"),
        ("redis.conf", "# it is cut to /proc/sys/net/core/somaxconn\nport 6379\n"),
        ("photo.jpg", "net.core.somaxconn"),
        ("huge.md", "net.core.somaxconn" + " " * mentions.SIZE_CAP_BYTES),
    ],
)
def test_what_does_not_name_it_leaves_the_default_possible(path: str, text: str, tmp_path: Path) -> None:
    assert {option.data for option in somaxconn(tmp_path, {path: text}).options} == {128, 4096, None}


def test_only_the_nearest_files_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mentions, "FILES_CAP", 1)
    files = {"a/b/deep.sh": f"sysctl -w {KEY}=1\n", "z.sh": "true\n"}
    assert somaxconn(tmp_path, files).options
    assert not somaxconn(tmp_path, {**files, "z.sh": f"sysctl -w {KEY}=1\n"}).options


def test_what_the_target_or_a_sysctl_file_says_is_known(tmp_path: Path) -> None:
    script = {"tune.sh": f"sysctl -w {KEY}=9\n"}
    assert somaxconn(tmp_path, script, "debian-12").data == 4096
    assert somaxconn(tmp_path, {**script, "sysctl.conf": f"{KEY} = 7\n"}).data == 7


def test_the_sysctl_files_of_one_host_tell_nothing_about_another(tmp_path: Path) -> None:
    write_tree(
        tmp_path,
        {
            "a/etc/nginx/nginx.conf": NGINX,
            "b/etc/nginx/nginx.conf": NGINX,
            "b/etc/sysctl.conf": f"{KEY} = 7\n",
        },
    )
    first, second = stacks_of(tmp_path)
    assert ({o.data for o in first.kernel.somaxconn.options}, second.kernel.somaxconn.data) == (
        {128, 4096, None},
        7,
    )
