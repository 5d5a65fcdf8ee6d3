"""What `fpmtune tune` says of what it wrote, and which files below `--out` are its own."""

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.program import fpmtune
from tests.cli.test_tune import LOAD, LONG, files_of, tune
from tests.trees import write_tree
from tests.tune.hosts import FPM, POOL_FILE
from tuner.cli.fragment_files import own_folders, removals
from tuner.tune.fragments import MADE_BY

STAMPED = f"# {MADE_BY} 0.0.1 from old.conf\n# Made again by: fpmtune\n"


@pytest.fixture
def host(tmp_path: Path) -> Path:
    write_tree(tmp_path / "host", LONG)
    return tmp_path / "host"


def hosts_of(root: Path, *names: str) -> Path:
    write_tree(root, {f"{name}/{path}": text for name in names for path, text in LONG.items()})
    return root


def test_json_stays_one_document_and_names_what_was_written(host: Path) -> None:
    report = tune(host, *LOAD, "--write", "--format", "json").report
    assert report["written"] == [str(host / POOL_FILE)]
    assert [found["by_hand"] for found in report["plan"]] == [None]
    again = tune(host, *LOAD, "--write", "--format", "json").report
    assert (again["written"], again["removed"], again["plan"]) == ([], [], [])


def test_json_names_the_fragments(host: Path) -> None:
    out = host.parent / "out"
    report = tune(host, *LOAD, "--out", out, "--format", "json").report
    assert sorted(report["written"]) == sorted(str(out / name) for name in files_of(out))


def test_json_says_what_is_to_be_written_by_hand(tmp_path: Path) -> None:
    root = tmp_path / "host"
    write_tree(root, {f"{path}.j2" if path == POOL_FILE else path: text for path, text in LONG.items()})
    (found,) = tune(root, *LOAD, "--format", "json").report["plan"]
    assert found["by_hand"].endswith("is a template")


@pytest.mark.parametrize("names", [("a", "b"), ("one/a", "one/b")])
def test_predictions_of_pools_with_one_name_keep_apart(tmp_path: Path, names: tuple[str, ...]) -> None:
    report = tune(hosts_of(tmp_path / "hosts", *names), *LOAD, "--format", "json").report
    hosts = [pool["host"] for pool in report["pools"]]
    assert len(set(hosts)) == 2
    assert list(report["predicted"]["before"]) == [f"{host} pool:www" for host in hosts]
    assert [(pool["before"], pool["after"]) for pool in report["pools"]] == [(None, None)] * 2


def test_predictions_of_two_versions_on_one_host_keep_apart(host: Path) -> None:
    newer = {path.replace("8.2", "8.3"): LONG[path].replace("8.2", "8.3") for path in LONG if FPM in path}
    write_tree(host, newer)
    report = tune(host, *LOAD, "--format", "json").report
    assert len(report["predicted"]["before"]) == len(report["pools"]) == 2


@pytest.mark.parametrize("way", ["--write", "--out"])
def test_with_a_missing_path_nothing_is_written(host: Path, way: str) -> None:
    options = (way, host.parent / "out") if way == "--out" else (way,)
    journal = ("--journal", host.parent / ".journal")
    ran = fpmtune("tune", host, host / "nowhere", "--target", "none", *journal, *LOAD, *options)
    assert ran.status == 2
    assert "nowhere: no such file or folder" in ran.err
    assert "nothing was written" in ran.err
    assert "listen.backlog" in ran.out
    assert files_of(host) == {name: text.encode() for name, text in LONG.items()}
    assert not (host.parent / "out").exists()


def test_the_folders_of_hosts() -> None:
    assert own_folders("out", ["a/b", "a_b", "/srv/../c", "", ".", "a//b"]) == [
        "out/a/b",
        "out/a_b",
        "out/srv/__/c",
        "out/host",
        "out/host_",
        "out/a/b_",
    ]


def test_an_older_fragment_goes_and_comes_back(host: Path) -> None:
    out = host.parent / "out"
    old = {
        "php-fpm/zz-fpmtune-gone.conf": STAMPED.replace("#", ";"),
        "other-host/systemd/redis-server.service.d/fpmtune.conf": STAMPED,
        "php/fpmtune-shed-gone.php": f"<?php\n// {MADE_BY} 0.0.1 from old.conf\n",
    }
    kept = {
        "php-fpm/zz-fpmtune-mine.conf": "[mine]\n; as\n; Made by fpmtune\n",
        "php-fpm/mine.conf": STAMPED,
        "notes/fpmtune.txt": STAMPED,
        "fpmtune.txt": STAMPED,
    }
    write_tree(out, {**old, **kept})
    ran = tune(host, *LOAD, "--out", out, "--format", "json")
    assert sorted(ran.report["removed"]) == sorted(str(out / name) for name in old)
    files = files_of(out)
    assert set(old).isdisjoint(files)
    assert set(kept) < set(files)
    assert fpmtune("tune", "--revert", "--journal", host.parent / ".journal").status == 0
    assert files_of(out) == {name: text.encode() for name, text in (old | kept).items()}


def test_what_was_removed_is_named(host: Path) -> None:
    out = host.parent / "out"
    write_tree(out, {"php-fpm/zz-fpmtune-gone.conf": STAMPED})
    assert f"removed {out}/php-fpm/zz-fpmtune-gone.conf\n" in tune(host, *LOAD, "--out", out).out


def test_every_fragment_would_be_found_again_and_links_are_left_alone(host: Path) -> None:
    out = host.parent / "out"
    files = {**LONG, "etc/redis/redis.conf": "maxclients 1\ntcp-backlog 1\n"}
    write_tree(host, files)
    report = json.loads(tune(host, *LOAD, "--out", out, "--format", "json").out)
    assert any("/redis/" in path for path in report["written"])
    assert {change.path for change in removals(str(out), [])} == set(report["written"])
    (out / "nginx/fpmtune-link.conf").symlink_to(out / "nginx/fpmtune-log.conf")
    assert {change.path for change in removals(str(out), [])} == set(report["written"])


STEPS = (
    "then, in this order:\n  1. php-fpm8.2 -t && systemctl restart php8.2-fpm\n"
    "     all that wait in its queue get 502: drain it first, or do it at low load\n"
)


def test_the_plan_ends_with_what_to_do_then(host: Path) -> None:
    assert tune(host, *LOAD).out.endswith(STEPS)
    tune(host, *LOAD, "--write")
    assert "in this order" not in tune(host, *LOAD).out


def test_what_was_written_comes_before_what_to_do_then(host: Path) -> None:
    out = tune(host, *LOAD, "--write").out
    assert out.endswith(f")\n{STEPS}")
    assert (out.count("in this order"), out.count("listen.backlog 65535 -> ")) == (1, 1)
    assert out.index("wrote ") < out.index("in this order")


def test_the_steps_of_each_host_stand_under_its_name(tmp_path: Path) -> None:
    out = tune(hosts_of(tmp_path / "hosts", "a", "b"), *LOAD, "--write").out
    heads = [line for line in out.splitlines() if line.startswith("host ")]
    assert [head[-8:] for head in heads] == ["/hosts/a", "/hosts/b"] * 2
    assert out.count(STEPS) == 2


def test_json_has_the_steps(host: Path) -> None:
    report = tune(host, *LOAD, "--format", "json").report
    (step,) = report["steps"]
    assert step.pop("cost").startswith("all that wait in its queue get 502")
    assert step == {
        "host": report["plan"][0]["host"],
        "program": "php-fpm",
        "command": "php-fpm8.2 -t && systemctl restart php8.2-fpm",
        "words": "restart php8.2-fpm",
        "settings": ["listen.backlog"],
        "by_hand": False,
    }
    assert report["plan"][0]["requires"] == ["restart php8.2-fpm"]


def test_json_requires_nothing_of_what_is_in_force(tmp_path: Path) -> None:
    files = {**LONG, "etc/sysctl.d/60-web.conf": "net.core.somaxconn = 10\n"}
    write_tree(tmp_path / "host", files)
    report = tune(tmp_path / "host", *LOAD, "--format", "json").report
    assert ([found["requires"] for found in report["plan"]], report["steps"]) == ([[]], [])
    assert "then nothing: it is in force already" in tune(tmp_path / "host", *LOAD).out


def test_verbose_says_the_formula_and_who_set_each_input(host: Path) -> None:
    out = " ".join(tune(host, *LOAD, "-v").out.split())
    assert "X = workers / (mean + 0.5 ms)" in out
    assert f"- pm.max_children 8: {host / POOL_FILE}:7 -" in out
    assert "- mean service time 0.05 s: command line: --service-time 50ms -" in out
    assert "X = workers" not in tune(host, *LOAD).out


def test_quiet_keeps_what_is_to_be_done(host: Path) -> None:
    out = tune(host, *LOAD, "-q").out
    assert out.startswith("1. pool:www: listen.backlog 65535 -> 1")
    assert "then, in this order:" in out
    assert "pool www" not in out


def newer(host: Path) -> None:
    write_tree(
        host, {path.replace("8.2", "8.3"): LONG[path].replace("8.2", "8.3") for path in LONG if FPM in path}
    )


def test_two_versions_get_a_fragment_each_for_pools_of_one_name(host: Path) -> None:
    newer(host)
    out = host.parent / "out"
    made = tune(host, *LOAD, "--out", out, "--format", "json").report["written"]
    pools = [f"{out}/php-fpm/{version}/zz-fpmtune-www.conf" for version in ("8.2", "8.3")]
    assert sorted(path for path in made if "/php-fpm/" in path) == pools
    assert all("[www]\nlisten.backlog = " in Path(path).read_text() for path in pools)
    variables = (out / "ansible/fpmtune.yml").read_text()
    assert '  "www-8.2":\n' in variables
    assert '  "www-8.3":\n' in variables
    checked = fpmtune("check", "--target", "none", "--format", "json", out)
    assert (checked.status, checked.report["findings"]) == (0, [])
    assert {change.path for change in removals(str(out), [])} == set(made)


def test_with_the_second_version_gone_its_fragment_goes(host: Path) -> None:
    out = host.parent / "out"
    newer(host)
    tune(host, *LOAD, "--out", out)
    shutil.rmtree(host / "etc/php/8.3")
    removed = tune(host, *LOAD, "--out", out, "--format", "json").report["removed"]
    assert sorted(removed) == [f"{out}/php-fpm/{version}/zz-fpmtune-www.conf" for version in ("8.2", "8.3")]
    assert (out / "php-fpm/zz-fpmtune-www.conf").is_file()


def test_a_pool_with_an_odd_name_is_named_instead(host: Path) -> None:
    write_tree(host, {POOL_FILE: LONG[POOL_FILE].replace("[www]", "[my www]")})
    out = host.parent / "out"
    note = "pool:my www: no fragments, because not every format can carry this name"
    assert f"note: {note}\n" in tune(host, *LOAD, "--out", out).out
    assert f"nothing to write\nnote: {note}\n" in tune(host, *LOAD, "--out", out).out
    assert note in tune(host, *LOAD, "--out", out, "--format", "json").report["notes"]
    assert not (out / "php-fpm").exists()
