"""docs/configuration.md and docs/pre-commit.md say what the program does."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.cli.program import POOL, fpmtune
from tests.trees import write_tree
from tuner.cli.project import HostTable, Project

ROOT = Path(__file__).parent.parent
SETTINGS = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
PRE_COMMIT = (ROOT / "docs" / "pre-commit.md").read_text(encoding="utf-8")
MANIFEST = YAML(typ="safe", pure=True).load(ROOT / ".pre-commit-hooks.yaml")


def blocks(language: str, page: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def documented_keys(part: str) -> set[str]:
    return set(re.findall(r"^\| `([\w-]+)` \|", part, re.MULTILINE))


@pytest.mark.parametrize("text", blocks("toml", SETTINGS))
def test_every_example_is_valid(text: str) -> None:
    Project.model_validate(tomllib.loads(text))


def test_every_key_is_documented_and_in_the_example() -> None:
    of_project, of_host = SETTINGS.split("\n## Hosts\n")
    keys = {field.alias for field in Project.model_fields.values()}
    assert documented_keys(of_project) == keys
    assert documented_keys(of_host) == {field.alias for field in HostTable.model_fields.values()}
    example, hosts, *_ = (tomllib.loads(text) for text in blocks("toml", SETTINGS))
    assert set(example) == keys - {"select"}
    assert {key for host in hosts["host"] for key in host} == documented_keys(of_host)


def test_hosts_with_files_in_common(tmp_path: Path) -> None:
    tables: list[dict[str, Any]] = tomllib.loads(blocks("toml", SETTINGS)[1])["host"]
    lines = [f"[[host]]\nname = '{table['name']}'\npaths = {table['paths']}\n" for table in tables]
    write_tree(
        tmp_path,
        {
            "fpmtune.toml": "".join(lines),
            "common/etc/php/8.2/fpm/pool.d/www.conf": POOL + "listen.backlog = 4000\n",
            "hosts/web1/etc/sysctl.d/a.conf": "net.core.somaxconn=1000\n",
            "hosts/web2/etc/sysctl.d/a.conf": "net.core.somaxconn=2000\n",
        },
    )
    output = fpmtune("check", "--select", "QUE001", cwd=tmp_path).out
    at = 0
    for piece in blocks("console", SETTINGS)[0].removeprefix("$ fpmtune check\n").split("...\n"):
        found = output.find(piece.strip("\n"), at)
        assert found >= 0, f"{piece}\n--- is not in\n{output}"
        at = found


def test_a_wrong_file(tmp_path: Path) -> None:
    write_tree(tmp_path, {"fpmtune.toml": "tagret = 'debian-12'\n"})
    ran = fpmtune("check", cwd=tmp_path)
    shown = blocks("console", SETTINGS)[1].removeprefix("$ fpmtune check\n")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.replace(f"{tmp_path}/", "") == shown


def test_schemas_of_the_page_exist(tmp_path: Path) -> None:
    names = set(re.findall(r"`fpmtune schema (\w+)", SETTINGS))
    assert names == {"config", "rules", "check", "show"}
    for name in names:
        assert fpmtune("schema", name, "-o", f"{name}.json", cwd=tmp_path).status == 0


def test_hook_of_the_page_is_the_one_of_the_manifest() -> None:
    (settings,) = blocks("yaml", PRE_COMMIT)
    (repository,) = YAML(typ="safe", pure=True).load(settings)["repos"]
    assert [hook["id"] for hook in repository["hooks"]] == [hook["id"] for hook in MANIFEST]
    assert MANIFEST[0]["entry"] in PRE_COMMIT
