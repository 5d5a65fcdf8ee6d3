"""`fpmtune tune --revert`: what it says and what it asks the daemons; and files that others write, too."""

import json
import os
from argparse import Namespace
from pathlib import Path

import pytest

from tests.cli.program import Ran, fpmtune
from tests.cli.test_tune import LOAD, LONG, files_of, tune
from tests.cli.test_tune_output import STEPS
from tests.trees import write_tree
from tests.tune.hosts import FPM, POOL_FILE
from tuner.cli import tune_revert
from tuner.cli.daemon_tests import tests_of as askable
from tuner.cli.host_target import AUTOMATION, is_machines_own
from tuner.cli.managed import warnings_of

OLD = {path: text.encode() for path, text in LONG.items()}
THEN = "where programs run with these files: restart php-fpm (all that wait in its queue get 502)"


@pytest.fixture
def host(tmp_path: Path) -> Path:
    write_tree(tmp_path / "host", LONG)
    return tmp_path / "host"


def reverted(host: Path, *options: str, programs: Path | None = None) -> Ran:
    path = {"PATH": f"{programs}:{os.environ['PATH']}"} if programs else None
    return fpmtune("tune", "--revert", "--journal", host.parent / ".journal", *options, env=path)


def program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_it_says_what_was_put_back_and_what_to_do_then(host: Path) -> None:
    tune(host, *LOAD, "--write")
    plan = "plan 1 (--write) is taken back"
    assert reverted(host).out == f"put back {host / POOL_FILE}\n{plan}\n{STEPS}"
    assert reverted(host).out == "nothing to put back\n"


def test_json(host: Path) -> None:
    tune(host, *LOAD, "--write")
    report = reverted(host, "--format", "json").report
    assert (report["written"], report["removed"]) == ([str(host / POOL_FILE)], [])
    assert [step["command"] for step in report["steps"]] == ["php-fpm8.2 -t && systemctl restart php8.2-fpm"]
    assert (report["plan"], report["notes"]) == ([], ["plan 1 (--write) is taken back"])
    again = reverted(host, "--format", "json").report
    assert (again["written"], again["removed"], again["notes"]) == ([], [], [])


def test_a_journal_that_does_not_know_the_steps_says_it_in_words(host: Path) -> None:
    tune(host, *LOAD, "--write")
    record = host.parent / ".journal/000001/done.json"
    fields = json.loads(record.read_bytes())
    del fields["way"], fields["back"]
    record.write_text(json.dumps(fields))
    assert reverted(host).out == f"put back {host / POOL_FILE}\nplan 1 is taken back\nthen, {THEN}\n"


def test_twice_written_goes_back_twice_and_fragments_between_are_named(host: Path) -> None:
    out = host.parent / "out"
    tune(host, *LOAD, "--write")
    first = files_of(host)
    tune(host, "--out", out, *LOAD)
    tune(host, "--qps", "100", "--service-time", "100ms", "--write")
    assert files_of(host) != first
    still = f"plan 3 (--write) is taken back; plan 2 (--out {out}) is still in place: --revert again\n"
    assert still in reverted(host).out
    assert files_of(host) == first
    assert "plan 2 (--out " in (said := reverted(host).out)
    assert "; plan 1 (--write) is still in place: --revert again\n" in said
    assert (files_of(host), files_of(out)) == (first, {})
    assert "plan 1 (--write) is taken back\n" in reverted(host).out
    assert files_of(host) == OLD
    assert reverted(host).out == "nothing to put back\n"


def test_fragments_that_are_taken_back_are_removed(host: Path) -> None:
    out = host.parent / "out"
    written = tune(host, *LOAD, "--out", out, "--format", "json").report["written"]
    assert sorted(reverted(host, "--format", "json").report["removed"]) == sorted(written)
    tune(host, *LOAD, "--out", out)
    said = reverted(host).out
    assert f"removed {out}/sysctl.d/zz-fpmtune.conf\n" in said
    assert "a key that no file sets any more keeps its value until the next boot" in said


def including(host: Path, pattern: object) -> None:
    (host / FPM / "php-fpm.conf").write_text(f"include = {pattern}\n")


def test_the_daemons_are_asked_where_it_is_wanted(host: Path) -> None:
    including(host, host / FPM / "pool.d/*.conf")
    tune(host, *LOAD, "--root", f"{host}={host}", "--write")
    programs = host.parent / "bin"
    program(programs, "php-fpm8.2", "exit 0")
    said = reverted(host, "--verify", programs=programs).out
    assert f"tested: {programs}/php-fpm8.2 -t -y {host}/{FPM}/php-fpm.conf: passed\n" in said
    assert "nginx" not in said


@pytest.mark.parametrize("include", ["/etc/php/8.2/fpm/pool.d/*.conf", "etc/fpm.d/*.conf", "{}/pool.d/link"])
def test_a_daemon_that_would_read_other_files_is_not_asked(host: Path, include: str) -> None:
    program(host.parent / "bin", "php-fpm8.2", "exit 0")
    including(host, pattern := include.format(host / FPM))
    (host / FPM / "pool.d/link").symlink_to("/etc/passwd")
    path = {"PATH": f"{host.parent}/bin:{os.environ['PATH']}"}
    arguments = ("tune", host, "--target", "none", "--journal", host.parent / ".journal", *LOAD)
    out = fpmtune(*arguments, "--write", "--verify", env=path).out
    words = f"not tested: {host / FPM}/php-fpm.conf includes {pattern}, which is not in"
    assert f"note: {words} the given paths\n" in out
    assert "bin/php-fpm8.2" not in out
    said = reverted(host, "--verify", programs=host.parent / "bin").out
    assert f"{words} {host / FPM}\n" in said
    assert "bin/php-fpm8.2" not in said


def test_an_include_of_an_include_leads_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    main = tmp_path / "nginx.conf"
    files = {"nginx.conf": "include a.conf; include b/*;", "a.conf": "", "b/x": "http { include a.conf; }"}
    write_tree(tmp_path, {**files, "b/y": ""})
    program(tmp_path / "bin", "nginx", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert [test.command[-1] for test in askable([str(main)]).run] == [str(main)]
    (tmp_path / "b/y").write_text("include /etc/nginx/mime.types;")
    found = askable([str(main)], [str(tmp_path)])
    words = f"not tested: {tmp_path}/b/y includes /etc/nginx/mime.types, which is not in the given paths"
    assert found == ((), (words,))


def test_a_revert_that_a_daemon_refuses_is_not_done(host: Path) -> None:
    including(host, host / FPM / "pool.d/*.conf")
    tune(host, *LOAD, "--root", f"{host}={host}", "--write")
    written = files_of(host)
    program(host.parent / "bin", "php-fpm8.2", f"! grep 65535 {host / POOL_FILE}")
    ran = reverted(host, "--verify", programs=host.parent / "bin")
    assert (ran.status, files_of(host)) == (2, written)
    assert "php-fpm8.2 -t -y" in ran.err
    assert reverted(host, programs=host.parent / "bin").status == 0
    assert files_of(host)[POOL_FILE] == OLD[POOL_FILE]


def test_without_a_plan(host: Path) -> None:
    ran = reverted(host)
    assert (ran.status, ran.err) == (2, f"fpmtune: {host.parent}/.journal: no plan was written\n")


def test_a_file_of_somebody_else_is_written_and_named(host: Path) -> None:
    (host / POOL_FILE).chmod(0o444)
    out = tune(host, *LOAD, "--write").out
    warning = f"{host / POOL_FILE} is read-only (mode 0444): who manages it may write it back"
    assert f"note: {warning}, so change it there, too\n" in out
    assert (host / POOL_FILE).stat().st_mode & 0o777 == 0o444
    reverted(host)
    assert warning in tune(host, *LOAD, "--write", "--format", "json").report["notes"][-1]


@pytest.mark.parametrize(
    ("head", "says"),
    [
        ("; Ansible managed", "Ansible managed"),
        ("# This file is managed by Puppet. DO NOT EDIT.", "This file is managed by Puppet. DO NOT EDIT."),
        ("[www]\n  ; generated automatically by Chef for web1\n", "generated automatically by Chef for web1"),
        ("; This file is centrally managed", "This file is centrally managed"),
        ("; \u00fc managed by salt", "\u00fc managed by salt"),
    ],
)
def test_who_says_that_a_file_is_his(tmp_path: Path, head: str, says: str) -> None:
    (warning,) = warnings_of([(str(tmp_path / "a"), f"{head}\nlisten = 9000\n".encode())])
    assert f'{tmp_path}/a says "{says}": who manages it' in warning


@pytest.mark.parametrize(
    "text",
    [
        "",
        "; pm: how processes are managed by php-fpm\n",
        "managed by puppet\n",
        "; do not edit\n",
        "; chefs\n",
    ],
)
def test_a_file_of_one_s_own(tmp_path: Path, text: str) -> None:
    (tmp_path / "a").write_text(text)
    assert list(warnings_of([(str(tmp_path / "a"), text.encode())])) == []


@pytest.mark.parametrize(("is_own", "verify", "asked"), [(True, None, 1), (False, None, 0), (True, False, 0)])
def test_for_this_machine_s_files_the_daemons_are_asked_unless_unwanted(
    host: Path, monkeypatch: pytest.MonkeyPatch, is_own: bool, verify: bool | None, asked: int
) -> None:
    including(host, host / FPM / "pool.d/*.conf")
    tune(host, *LOAD, "--root", f"{host}={host}", "--write")
    program(host.parent / "bin", "php-fpm8.2", "exit 0")
    monkeypatch.setenv("PATH", f"{host.parent}/bin:{os.environ['PATH']}")
    monkeypatch.setattr(tune_revert, "is_machines_own", lambda path: is_own and path == str(host / POOL_FILE))
    done = tune_revert.take_back(Namespace(verify=verify, journal=str(host.parent / ".journal")))
    assert done.words.count("tested: ") == asked
    assert done.paths == (str(host / POOL_FILE),)


@pytest.mark.parametrize(
    ("path", "variable", "is_own"),
    [
        ("/etc/nginx/nginx.conf", "UNRELATED", True),
        ("/usr/local/etc/php-fpm.conf", "UNRELATED", True),
        ("/etc/nginx/nginx.conf", "CI", False),
        ("/srv/etc/nginx/nginx.conf", "UNRELATED", False),
    ],
)
def test_what_is_this_machine_s(
    monkeypatch: pytest.MonkeyPatch, path: str, variable: str, is_own: bool
) -> None:
    for name in AUTOMATION:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, "1")
    assert is_machines_own(path) == is_own
