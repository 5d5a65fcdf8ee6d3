"""When this machine is the target by itself, and what is read along with the given paths."""

import re
import subprocess
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

import pytest
from program import BAD_LISTEN, POOL, fpmtune

from tuner.cli import host_target
from tuner.cli.host_target import AUTOMATION, ThisMachine, this_machine
from tuner.errors import UsageError
from tuner.source.tree import collect

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux is looked at")


@pytest.fixture(autouse=True)
def no_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_target, "CHECKOUT_MARKS", ("no such mark",))


def asked(
    *paths: str,
    target: str | None = None,
    sysctl: Sequence[str] = (),
    root: Sequence[str] = (),
    stated: bool = False,
    given: Sequence[str] | None = None,
    **environment: str,
) -> ThisMachine | None:
    options = Namespace(target=target, sysctl=sysctl, root=root, paths=list(paths))
    return this_machine(options, paths if given is None else given, stated, environment)


@pytest.mark.parametrize(
    "path",
    [
        "/etc",
        "/etc/php/8.2/fpm/pool.d",
        "/usr/local/etc/php-fpm.d",
        "/usr/local/nginx/conf",
        "/opt/x/etc/php",
    ],
)
def test_folders_of_the_machine(path: str) -> None:
    found = asked(path)
    assert found and found.is_own
    assert found.asked[0] == path


@pytest.mark.parametrize("path", ["/home/me/etc", "/etcetera", "/opt/etc", "/opt/a/b/etc", "/usr/local", "/"])
def test_folders_of_anything_else(path: str) -> None:
    assert asked(path) is None


def test_one_path_elsewhere_is_enough_to_mean_another_machine() -> None:
    assert asked("/etc/nginx", "/srv/repo") is None
    assert asked("-", given=[]) is None
    assert asked("/etc/nginx", "-", given=["/etc/nginx"]) is None


def test_a_link_is_where_it_leads(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("/etc")
    found = asked(str(link))
    assert found and found.asked[0] == "/etc"


def test_whoever_says_what_is_meant_is_believed() -> None:
    assert asked("/etc", target="none") is None
    assert asked("/etc", target="debian-12") is None
    assert asked("/etc", stated=True) is None
    assert asked("/etc", sysctl=["x"]) is None
    assert asked("/etc", root=["a=/b"]) is None


@pytest.mark.parametrize("name", AUTOMATION)
def test_not_in_automation_unless_asked_for(name: str) -> None:
    environment = {name: "true"}
    assert asked("/etc", **environment) is None
    assert asked("/etc", target="host", **environment) is not None
    assert asked("/etc", **{name: ""}) is not None


def test_not_in_a_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_target, "OWN_FOLDER", re.compile(str(tmp_path)))
    monkeypatch.setattr(host_target, "CHECKOUT_MARKS", (".git",))
    folder = tmp_path / "etc/nginx"
    folder.mkdir(parents=True)
    assert asked(str(folder)) is not None
    (tmp_path / ".git").mkdir()
    assert asked(str(folder)) is None


@pytest.mark.parametrize(("is_etckeepers", "expected"), [(True, True), (False, False)])
def test_etckeeper_leaves_etc_the_machines(
    is_etckeepers: bool, expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_target, "CHECKOUT_MARKS", (".git",))
    mark = tmp_path / ".etckeeper"
    if is_etckeepers:
        mark.touch()
    monkeypatch.setattr(host_target, "ETCKEEPERS_MARK", str(mark))
    monkeypatch.setattr(host_target.os.path, "lexists", lambda path: path == "/etc/.git")
    assert (asked("/etc/nginx") is not None) is expected


def test_asked_for_by_name_a_checkout_is_held_against_the_machine_it_is_not_on() -> None:
    found = asked("/srv/repo", target="host")
    assert found == ThisMachine(("/srv/repo",))


def test_not_on_another_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_target.sys, "platform", "darwin")
    assert asked("/etc") is None
    with pytest.raises(UsageError, match="only a Linux machine"):
        asked("/etc", target="host")


@pytest.fixture
def etc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(host_target, "OWN_FOLDER", re.compile(str(tmp_path)))
    monkeypatch.setattr(host_target, "SYSCTL", (f"{tmp_path}/sysctl.conf", f"{tmp_path}/sysctl.d"))
    monkeypatch.setattr(host_target, "NGINX", f"{tmp_path}/nginx")
    for name in ("sysctl.d/a.conf", "nginx/nginx.conf", "fpm/php-fpm.conf", "fpm/pool.d/www.conf"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("given", "along"),
    [
        ("fpm/pool.d", ["sysctl.d", "nginx", "fpm/php-fpm.conf"]),
        ("fpm/pool.d/www.conf", ["sysctl.d", "nginx", "fpm/php-fpm.conf"]),
        ("fpm", ["sysctl.d", "nginx"]),
        ("nginx", ["sysctl.d"]),
        ("nginx/nginx.conf", ["sysctl.d", "nginx"]),
        ("sysctl.d", ["nginx"]),
        ("", []),
    ],
)
def test_what_is_read_along(given: str, along: list[str], etc: Path) -> None:
    found = asked(str(etc / given))
    assert found
    assert [path.removeprefix(f"{etc}/") for path in found.along] == along


def test_a_main_file_stands_for_what_it_includes(etc: Path) -> None:
    nginx, fpm = asked(str(etc / "nginx/nginx.conf")), asked(str(etc / "fpm/php-fpm.conf"))
    assert nginx and nginx.is_asked(str(etc / "nginx/conf.d/a.conf"))
    assert not nginx.is_asked(str(etc / "fpm/pool.d/www.conf"))
    assert fpm and fpm.is_asked(str(etc / "fpm/pool.d/www.conf"))
    assert not fpm.is_asked(str(etc / "fpm/other.conf"))


def test_what_cannot_be_read_along_is_forgotten_and_what_was_given_is_not(etc: Path) -> None:
    (etc / "nginx/dangling.conf").symlink_to(etc / "nginx/nowhere.conf")
    (etc / "fpm/pool.d/dangling.conf").symlink_to(etc / "fpm/pool.d/nowhere.conf")
    found = asked(str(etc / "fpm/pool.d"))
    assert found
    tree = collect([str(etc / "fpm/pool.d")], lambda _: True, also=found.along)
    found.forget_unreadable(tree)
    failed = [path for path, file in tree.files.items() if file.failure]
    assert failed == [str(etc / "fpm/pool.d/dangling.conf")]


def test_what_a_link_in_a_given_folder_leads_to_is_asked_about(etc: Path) -> None:
    (etc / "sysctl.conf").write_text("vm.swappiness = 1\n")
    (etc / "sysctl.d/99-sysctl.conf").symlink_to("../sysctl.conf")
    found = ThisMachine((str(etc / "sysctl.d"),), (str(etc / "sysctl.conf"), str(etc / "nginx")), is_own=True)
    linked = found.with_links(collect(found.asked, lambda _: True, also=found.along))
    assert linked.is_asked(str(etc / "sysctl.conf")) and not found.is_asked(str(etc / "sysctl.conf"))
    assert linked.along == (str(etc / "nginx"),)


def test_the_footer_names_the_machine_where_it_is_the_target(tmp_path: Path) -> None:
    (tmp_path / "www.conf").write_text(POOL)
    (tmp_path / "nginx.conf").write_text(f"events {{}}\nhttp {{ {BAD_LISTEN} }}\n")
    ran = fpmtune("check", "--target", "none", "/etc/hostname")
    assert (ran.status, "target host" in ran.out) == (3, False)
    named = fpmtune("check", "--target", "host", tmp_path)
    assert named.status == 1
    assert "target host: this machine (kernel " in named.out
    assert "read along" not in named.out


@pytest.mark.parametrize("target", ["none", "debian-12"])
def test_a_check_that_is_not_of_this_machine_does_not_load_what_looks_at_it(
    target: str, tmp_path: Path
) -> None:
    (tmp_path / "www.conf").write_text(POOL)
    program = (
        "import sys; from tuner.cli.main import run; run(['check', sys.argv[1], '--target', sys.argv[2]]);"
        "print([m for m in sys.modules if m.startswith('tuner.stack.live')], 'ctypes' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path), target], capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines()[-1] == "[] False"
