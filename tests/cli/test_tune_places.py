"""What `fpmtune tune` says of places alike, of places that have no line yet, and of what it leaves."""

from pathlib import Path

import pytest

from tests.cli.test_tune import LOAD, LONG, files_of, tune
from tests.trees import write_tree
from tests.tune.hosts import NGINX_FILE, Planned, host_files
from tests.tune.test_together import burst, two_pools
from tuner.load.load_file import load_file_of, write_load
from tuner.tune.demand import Wishes

LIMITS = ("worker_connections 1024", "worker_rlimit_nofile 2048")


def passing(root: Path, times: int) -> Path:
    """A host whose nginx has so many more locations that lead to a pool on TCP."""
    files = host_files("listen.backlog = 10", listen="127.0.0.1:9000")
    locations = "".join(f"        location /{number} {{ fastcgi_pass php; }}\n" for number in range(times))
    files[NGINX_FILE] = files[NGINX_FILE].replace("listen 80;\n", f"listen 80;\n{locations}")
    write_tree(root, files)
    return root


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (0, ""),
        (1, "in 2 places: FILE:10, FILE:8\n"),
        (21, "in 22 places: FILE:30, FILE:8 and 20 more\n"),
    ],
)
def test_what_is_the_same_at_several_places_is_said_once(tmp_path: Path, more: int, said: str) -> None:
    text = " ".join(tune(passing(tmp_path, more), *LOAD, "-q").out.split()).replace(" FILE", "FILE")
    text = text.replace(str(tmp_path / NGINX_FILE), "FILE")
    assert text.count("a full queue of a TCP socket") == 1
    assert said.strip() in text
    assert ("places" in text) == bool(said)


def test_each_place_is_an_entry_of_json_that_says_where(tmp_path: Path) -> None:
    plan = tune(passing(tmp_path, 3), *LOAD, "--format", "json").report["plan"]
    found = [one for one in plan if one["setting"] == "fastcgi_connect_timeout"]
    assert [one["is_inserted"] for one in found] == [True] * 4
    lines = {one["location"]["line"]: one["location"]["text"] for one in found}
    assert sorted(lines) == [8, 9, 10, 12]
    assert set(lines.values()) == {"php"}


def test_what_a_file_has_is_not_inserted(tmp_path: Path) -> None:
    write_tree(tmp_path, LONG)
    (found,) = tune(tmp_path, *LOAD, "--format", "json").report["plan"]
    assert (found["is_inserted"], found["location"]["text"]) == (False, "65535")


def bursting(root: Path) -> tuple[str, ...]:
    """A host whose nginx has too few connections for both pools; return the options of its load."""
    two_pools(root / "host", 0, "events { worker_connections 768; }")
    load = root / "load.yaml"
    load.write_text(write_load(load_file_of([burst(), burst("api")])))
    return ("--load", str(load), "--target", "debian-12")


def test_what_no_fragment_has_is_named(tmp_path: Path) -> None:
    load = bursting(tmp_path)
    out = " ".join(tune(tmp_path / "host", *load, "--out", tmp_path / "out").out.split())
    assert f"not in a fragment, by hand: nginx:nginx.conf: {LIMITS[0]}; nginx:nginx.conf: {LIMITS[1]}" in out
    assert out.count("to be written by hand: no fragment has it") == len(LIMITS)
    assert "only for what is to be written by hand" in out
    shipped = b"".join(files_of(tmp_path / "out").values())
    assert b"worker_" not in shipped
    report = tune(tmp_path / "host", *load, "--out", tmp_path / "out", "--format", "json").report
    assert [one["by_hand"] for one in report["plan"]] == ["no fragment has it"] * len(LIMITS)
    assert [step["by_hand"] for step in report["steps"]] == [True]
    assert any(note.startswith("not in a fragment, by hand: ") for note in report["notes"])


def test_what_the_files_take_is_not_for_the_hand(tmp_path: Path) -> None:
    load = bursting(tmp_path)
    assert "by hand" not in tune(tmp_path / "host", *load).out
    report = tune(tmp_path / "host", *load, "--format", "json").report
    assert [step["by_hand"] for step in report["steps"]] == [False]


def test_of_all_in_fragments_nothing_is_left(tmp_path: Path) -> None:
    root = passing(tmp_path / "host", 1)
    assert "by hand" not in tune(root, *LOAD, "--out", tmp_path / "out").out


def test_a_number_of_clients_alone_bounds_no_connections(tmp_path: Path) -> None:
    files = host_files("listen.backlog = 10", listen="127.0.0.1:9000")
    host = Planned(tmp_path, files, wishes=Wishes(clients=4000))
    assert {"max_conns", "zone", "worker_connections", "backlog"}.isdisjoint(host.recommended())
