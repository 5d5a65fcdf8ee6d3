"""The hook as pre-commit runs it: built from this checkout, in a repository of its own."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.trees import write_tree

ROOT = Path(__file__).parent.parent
MANIFEST = ROOT / ".pre-commit-hooks.yaml"
CARRIED = ("tuner", "rules", "templates", "pyproject.toml", "README.md", "LICENSE", MANIFEST.name)
BUILD_TIMEOUT_S = 300
SEARCH_PATH = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
"""A test program that is not activated has its neighbours all the same."""
NO_NETWORK = re.compile(
    r"No matching distribution|Could not find a version|ConnectionError|Failed to establish"
)

GOOD = "[www]\nuser = www-data\nlisten = /run/php/www.sock\npm = static\npm.max_children = 5\n"
CLAMPED = {
    "infra/etc/php/8.2/fpm/pool.d/www.conf": GOOD + "listen.backlog = 65535\n",
    "infra/etc/sysctl.d/a.conf": "net.core.somaxconn = 4096\n",
}


@dataclass(frozen=True, slots=True)
class Repository:
    """A scratch repository, and the environment its programs run in."""

    folder: Path
    env: Mapping[str, str]

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=BUILD_TIMEOUT_S,
            check=False,
        )

    def git(self, *arguments: str) -> str:
        done = self.run("git", *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self, files: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        write_tree(self.folder, files)
        self.git("add", "-A")
        return self.run("git", "commit", "-m", "change")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A repository with fpmtune's hook installed; skips where the hook's environment cannot be built."""
    if not all(shutil.which(program, path=SEARCH_PATH) for program in ("pre-commit", "git")):
        pytest.skip("needs the programs pre-commit and git")
    folder = tmp_path_factory.mktemp("pre-commit")
    env = _environment(folder)
    hook = Repository(folder / "fpmtune", env)
    _copy_checkout(hook.folder)
    hook.git("init", "-q")
    hook.git("add", "-A")
    hook.git("commit", "-q", "-m", "fpmtune")
    scratch = Repository(folder / "infrastructure", env)
    scratch.folder.mkdir()
    scratch.git("init", "-q")
    revision = hook.git("rev-parse", "HEAD")
    settings = f"- repo: {hook.folder}\n  rev: {revision}\n  hooks:\n  - id: fpmtune\n    args: [infra]\n"
    write_tree(scratch.folder, {".pre-commit-config.yaml": f"repos:\n{settings}"})
    scratch.run("pre-commit", "install", "--install-hooks")
    built = scratch.run("pre-commit", "install-hooks")
    if built.returncode and NO_NETWORK.search(built.stdout) and not os.environ.get("FPMTUNE_NO_SKIP"):
        pytest.skip("the hook's environment cannot be built without a package index")
    assert built.returncode == 0, built.stdout
    return scratch


def _environment(folder: Path) -> dict[str, str]:
    own = ("GIT_", "PRE_COMMIT", "PYTHONPATH", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    identity = {
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "Test"), ("EMAIL", "test@example.org"))
    }
    git = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    return {
        **kept,
        **identity,
        **git,
        "PATH": SEARCH_PATH,
        "PRE_COMMIT_HOME": str(folder / "cache"),
        "PRE_COMMIT_COLOR": "never",
    }


def _copy_checkout(target: Path) -> None:
    target.mkdir()
    for name in CARRIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target / name)


def test_hook(repository: Repository) -> None:
    bad = repository.commit(CLAMPED)
    assert bad.returncode == 1
    assert "fpmtune" in bad.stderr
    assert "warning[QUE001] backlog-clamped: listen.backlog = 65535 is cut to 4096" in bad.stderr
    assert "--> infra/etc/sysctl.d/a.conf:1:22" in bad.stderr

    repository.git("rm", "-rfq", "infra")
    unrelated = repository.commit({"README.md": "# Infrastructure\n", "app/index.php": "<?php\n"})
    assert unrelated.returncode == 0, unrelated.stderr
    assert re.search(r"fpmtune\.*\(no files to check\)Skipped", unrelated.stderr)

    good = repository.commit({"infra/etc/php/8.2/fpm/pool.d/www.conf": GOOD + "listen.backlog = 511\n"})
    assert good.returncode == 0, good.stderr
    assert re.search(r"fpmtune\.*Passed", good.stderr)

    lowered = repository.commit({"infra/etc/sysctl.d/a.conf": "net.core.somaxconn = 300\n"})
    assert lowered.returncode == 1
    assert "listen.backlog = 511 is cut to 300" in lowered.stderr


def _triggers(path: str) -> bool:
    (hook,) = YAML(typ="safe", pure=True).load(MANIFEST)
    return bool(re.search(hook["files"], path)) and not re.search(hook["exclude"], path)


@pytest.mark.parametrize(
    "path",
    [
        "fpmtune.toml",
        "sub/fpmtune.toml",
        "etc/php/8.2/fpm/pool.d/www.conf",
        "docker/www.conf",
        "php-fpm.conf",
        "roles/php/templates/www.conf.j2",
        "templates/pool.conf.erb",
        "site.vhost",
        "nginx.tmpl",
        "etc/nginx/sites-available/shop",
        "nginx/fastcgi_params",
        "docker/nginx/snippets/headers.inc",
        "etc/nginx/mime.types",
        "redis/redis.conf",
        "valkey.conf.template",
        "etc/sysctl.conf",
        "etc/sysctl.d/60-web.conf",
        "etc/sysctl.d/60-web",
        "sysctl.conf.epp",
    ],
)
def test_files_that_trigger_the_hook(path: str) -> None:
    assert _triggers(path)


@pytest.mark.parametrize(
    "path",
    [
        "README.md",
        "index.php",
        "src/nginx.py",
        "nginx/Dockerfile",
        "nginx/Dockerfile.j2",
        "nginx/README",
        "docker-compose.yml",
        "roles/nginx/tasks/main.yml",
        "composer.json",
        "conf/app.ini",
        "redis/client.go",
        "my-fpmtune.toml",
        "nginx/entrypoint.sh",
        "templates/mail.html.j2",
        "pool.dd/a",
    ],
)
def test_files_that_do_not_trigger_the_hook(path: str) -> None:
    assert not _triggers(path)
