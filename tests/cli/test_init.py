"""`fpmtune init`: commented settings for a tree, never in force by themselves, never over what is there."""

import re
import shutil
import tomllib
from pathlib import Path

import pytest
from program import BAD_LISTEN, CHECKOUT, CLAMPED, POOL, fpmtune

from tests.trees import write_tree
from tuner.cli.project import Project

FLEET = {
    "web1/etc/php/8.2/fpm/pool.d/www.conf": POOL,
    "web2/etc/nginx/nginx.conf": "events {}\n",
    'odd "name"/etc/sysctl.conf': "net.core.somaxconn = 1\n",
    "docker/nginx/conf.d/a.conf": BAD_LISTEN,
    "Dockerfile": "FROM debian:12\nFROM php:8.2-fpm\n",
}
TREES = {"nothing": {"a.txt": ""}, "clamped": CLAMPED, "fleet": FLEET}


def in_force(text: str) -> str:
    """Return the settings with every `#` taken away from those to choose from."""
    return re.sub(r"^#(?=[^ \n])", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize("tree", TREES)
def test_result_loads_and_changes_nothing(tmp_path: Path, tree: str) -> None:
    write_tree(tmp_path, TREES[tree])
    before = fpmtune("check", "--format", "json", ".", cwd=tmp_path)
    ran = fpmtune("init", cwd=tmp_path)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == "wrote fpmtune.toml: every setting, none of them in force yet\n"
    text = (tmp_path / "fpmtune.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text) == {}
    assert fpmtune("check", "--format", "json", ".", cwd=tmp_path) == before


@pytest.mark.parametrize("tree", TREES)
def test_every_suggestion_is_valid_when_it_is_taken(tmp_path: Path, tree: str) -> None:
    write_tree(tmp_path, TREES[tree])
    text = in_force(fpmtune("init", "-o", "-", cwd=tmp_path).out)
    Project.model_validate(tomllib.loads(text))
    write_tree(tmp_path, {"fpmtune.toml": text})
    ran = fpmtune("check", ".", cwd=tmp_path)
    assert ran.err == ""
    assert ran.status in (0, 1, 3)


def test_suggestions_for_a_fleet(tmp_path: Path) -> None:
    write_tree(tmp_path, FLEET)
    text = fpmtune("init", tmp_path, "-o", "-").out
    settings = Project.model_validate(tomllib.loads(in_force(text)))
    assert [(host.name, host.paths) for host in settings.host] == [
        (name, [name]) for name in ('odd "name"', "web1", "web2")
    ]
    assert settings.roots == {"docker/nginx": "/etc/nginx"}
    assert settings.target == "debian-12"
    assert "# Suggested by Dockerfile:1: debian:12\n" in text
    assert '# or "php=8.2" (Dockerfile:2: php:8.2-fpm)\n' in text
    assert set(tomllib.loads(in_force(text))) == {field.alias for field in Project.model_fields.values()}


def test_names_of_files_stay_in_their_comments(tmp_path: Path) -> None:
    evil = "a\n[severity]\nQUE003='note'\n#/Dockerfile"
    write_tree(
        tmp_path, {evil: "FROM debian:12\n", "x\nselect=['SYS']\n/etc/sysctl.conf": "vm.swappiness=1\n"}
    )
    (tmp_path / "y\udcff/etc").mkdir(parents=True)
    write_tree(
        tmp_path, {"y\udcff/etc/sysctl.conf": "vm.swappiness=1\n", "z/etc/sysctl.conf": "vm.swappiness=1\n"}
    )
    text = fpmtune("init", "-o", "-", cwd=tmp_path).out
    assert tomllib.loads(text) == {}
    assert "debian-12" in text
    assert "host" not in tomllib.loads(in_force(text))


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"fpmtune.toml": ""}, "p/fpmtune.toml: has settings already"),
        ({"pyproject.toml": "[tool.fpmtune]\n"}, "p/pyproject.toml: has settings already"),
        ({"../fpmtune.toml": ""}, "fpmtune.toml: its settings count here, and a new file would hide them"),
    ],
)
def test_settings_that_are_there_stay(tmp_path: Path, files: dict[str, str], words: str) -> None:
    write_tree(tmp_path / "p", {"a.txt": "", **files})
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    ran = fpmtune("init", "p", cwd=tmp_path)
    assert (ran.status, ran.out) == (2, "")
    assert words in ran.err
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert fpmtune("init", "p", "-o", "-", cwd=tmp_path).status == 0


def test_pyproject_without_settings_is_no_hindrance(tmp_path: Path) -> None:
    write_tree(tmp_path, {"pyproject.toml": "[tool.ruff]\n"})
    assert fpmtune("init", cwd=tmp_path).status == 0
    assert (tmp_path / "fpmtune.toml").is_file()


def test_output_file(tmp_path: Path) -> None:
    assert fpmtune("init", "-o", "new.toml", cwd=tmp_path).out.startswith("wrote new.toml: ")
    assert not (tmp_path / "fpmtune.toml").exists()
    again = fpmtune("init", "-o", "new.toml", cwd=tmp_path)
    assert (again.status, again.err) == (2, "fpmtune: new.toml: exists already\n")
    (tmp_path / "link.toml").symlink_to("elsewhere")
    assert fpmtune("init", "-o", "link.toml", cwd=tmp_path).status == 2
    assert not (tmp_path / "elsewhere").exists()
    nowhere = fpmtune("init", "-o", "gone/x.toml", cwd=tmp_path)
    assert (nowhere.status, nowhere.err) == (
        2,
        "fpmtune: gone/x.toml: cannot be written: No such file or directory\n",
    )


@pytest.mark.parametrize("folder", ["gone", "file"])
def test_no_folder(tmp_path: Path, folder: str) -> None:
    write_tree(tmp_path, {"file": ""})
    ran = fpmtune("init", folder, cwd=tmp_path)
    assert (ran.status, ran.err) == (2, f"fpmtune: {folder}: no such folder\n")


def test_example_shop(tmp_path: Path) -> None:
    shutil.copytree(
        CHECKOUT / "examples/shop", tmp_path / "shop", ignore=shutil.ignore_patterns("fpmtune.toml")
    )
    text = fpmtune("init", "shop", "-o", "-", cwd=tmp_path).out
    assert '#target = "debian-12"\n' in text
    assert "#[[host]]" not in text
