"""`check --load`, `show --load`, and `load` in fpmtune.toml."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from program import environment, fpmtune

from tests.trees import write_tree
from tuner.load.load_file import write_load
from tuner.load.regular import load_of

FILES = {
    "etc/nginx/nginx.conf": (
        "events {}\nhttp { server { listen 80;\n"
        "location / { fastcgi_read_timeout 1s; fastcgi_pass unix:/run/www.sock; } } }\n"
    ),
    "etc/php/8.2/fpm/pool.d/www.conf": (
        "[www]\nuser = www-data\nlisten = /run/www.sock\nlisten.backlog = 150\n"
        "pm = static\npm.max_children = 8\n"
    ),
    "fpmtune.toml": 'target = "debian-12"\n',
}
CALM = write_load(load_of("www", [(20, 100)], {50: 1}))
RULES = ["PTH002"]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    write_tree(tmp_path, {**FILES, "load.yaml": CALM})
    return tmp_path


def test_findings_have_measured_evidence(tree: Path) -> None:
    ran = fpmtune("check", "--load", "load.yaml", "--format", "json", cwd=tree)
    assert (ran.status, ran.err, ran.rules) == (1, "", RULES)
    (finding,) = (one for one in ran.report["findings"] if one["rule"] == "PTH002")
    origins = {one["name"]: one["origin"] for one in finding["evidence"]}
    assert origins["pool.load.service_time"] == {
        "kind": "measured",
        "text": "load.yaml: pool www, of 1 requests, from PHP-FPM's access log",
    }
    assert origins["pool.queue.capacity"]["kind"] == "derived"


def test_show_has_the_replay(tree: Path) -> None:
    ran = fpmtune("show", "--load", "load.yaml", "--format", "json", cwd=tree)
    (pool,) = ran.report["pools"]
    assert pool["load"]["arrival_rate"]["value"] == 100
    assert pool["replay"]["requests"]["value"] == 2000
    assert pool["replay"]["refused"]["value"] == 0
    assert "100 requests/s" in fpmtune("show", "--load", "load.yaml", cwd=tree).out


def test_the_settings_name_the_load_and_the_command_line_wins(tree: Path) -> None:
    (tree / "fpmtune.toml").write_text('target = "debian-12"\nload = "load.yaml"\n')
    assert fpmtune("check", "--format", "json", cwd=tree).rules == RULES
    assert fpmtune("check", "--service-time", "30ms", "--format", "json", cwd=tree).rules == []
    (tree / "quick.yaml").write_text(write_load(load_of("www", [(20, 100)], {40: 1})))
    assert fpmtune("check", "--load", "quick.yaml", "--format", "json", cwd=tree).rules == []


@pytest.mark.parametrize(
    ("path", "words"), [("gone.yaml", "no such file"), ("../load.yaml", "outside the project's folder")]
)
def test_a_load_of_the_settings_lies_in_the_project(tree: Path, path: str, words: str) -> None:
    write_tree(tree, {"p/fpmtune.toml": f'load = "{path}"\n'})
    ran = fpmtune("check", "p", cwd=tree)
    assert (ran.status, ran.out) == (2, "")
    assert "fpmtune.toml: load: " in ran.err and words in ran.err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("schema_version: 7\n", "load.yaml:1:17: is of version 7, and this fpmtune reads 1"),
        ("pools:\n- name: [\n", "load.yaml:3:1: is not YAML"),
        (CALM.replace("requests: 2000", "requests: many", 1), ":22:15: pools.0.arrivals.requests"),
        ("\udcff", "load.yaml:1:1: a byte that is not UTF-8"),
        (None, "load.yaml: cannot be read: No such file or directory"),
    ],
)
def test_what_is_wrong_with_the_file_is_said_and_the_rest_checked(
    tree: Path, text: str | None, words: str
) -> None:
    path = tree / "load.yaml"
    path.unlink() if text is None else path.write_bytes(text.encode("utf-8", "surrogateescape"))
    (tree / "nginx.conf").write_text("events {}\nhttp { server { listen 80 backlog=0; } }\n")
    ran = fpmtune("check", "--load", "load.yaml", "--format", "json", cwd=tree)
    assert ran.status == 2
    assert words in ran.err and ran.err.count("\n") == 1
    assert ran.rules == ["PTH006", "QUE003"]


def test_two_loads_are_one_too_many(tree: Path) -> None:
    ran = fpmtune("check", "--load", "load.yaml", "--service-time", "1s", cwd=tree)
    assert (ran.status, ran.out) == (2, "")
    assert "both say what the load is" in ran.err


def test_a_pool_that_is_not_there_is_said(tree: Path) -> None:
    (tree / "load.yaml").write_text(write_load(load_of("shop", [(20, 100)], {50: 1})))
    ran = fpmtune("check", "--load", "load.yaml", cwd=tree)
    assert ran.status == 0
    assert "load.yaml: pool shop: no pool of that name in the files read; those are www" in ran.err


def test_only_a_load_file_loads_yaml_and_only_then(tree: Path) -> None:
    program = (
        "import sys; from tuner.cli.main import run; run(sys.argv[1:]);"
        "print([m for m in ('ruamel', 'tuner.load.load_file', 'numpy') if m in sys.modules], file=sys.stderr)"
    )
    for options, loaded in (([], []), (["--load", "load.yaml"], ["ruamel", "tuner.load.load_file"])):
        done = subprocess.run(
            [sys.executable, "-P", "-c", program, "check", *options],
            cwd=tree,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert json.loads(done.stderr.replace("'", '"')) == loaded
