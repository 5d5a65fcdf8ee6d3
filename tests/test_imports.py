"""The way of the data: a package imports only from those above it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

TUNER = Path(__file__).parent.parent / "tuner"
ORDER = ("source", "formats", "laws", "stack", "load", "judge", "change", "tune", "report", "cli")
ANYWHERE = ("errors", "packaged", "__init__")
FILES = {
    "nginx.conf": "events {}\nhttp { server { listen 80 backlog=70000; } }\n",
    "php-fpm.conf": "[www]\nlisten = 127.0.0.1:9000\npm = static\npm.max_children = 5\n",
    "redis.conf": "port 6379\n",
    "sysctl.conf": "net.core.somaxconn = 4096\n",
}
SLOW_TO_MAKE = """
import dataclasses, re
own = {name: module for name, module in sys.modules.items() if name.startswith("tuner.")}
for name in [name for name in own if not name.startswith("tuner.laws")]:
    for value in vars(own[name]).values():
        if isinstance(value, re.Pattern) or (dataclasses.is_dataclass(value) and value.__module__ == name):
            print(name, file=sys.stderr)
"""
"""Names the modules, but those of laws, which take time at their import for what a check may never use."""

HEAVY = ("numpy", "rich", "jinja2", "duckdb", "difflib")


def modules() -> list[Path]:
    return sorted(TUNER.rglob("*.py"))


def imports(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


def package_of(path: Path) -> str:
    parts = path.relative_to(TUNER).parts
    return parts[0] if len(parts) > 1 else path.stem


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(TUNER).as_posix())
def test_imports_only_from_above(path: Path) -> None:
    package = package_of(path)
    if package not in ORDER:
        return
    for name in imports(path):
        parts = name.split(".")
        if parts[0] != "tuner" or len(parts) < 2 or parts[1] in ANYWHERE or parts[1] not in ORDER:
            continue
        assert ORDER.index(parts[1]) <= ORDER.index(package), f"{path} imports {name} from below"


def test_laws_know_no_configuration() -> None:
    for path in (TUNER / "laws").glob("*.py"):
        assert not [
            name
            for name in imports(path)
            if name.startswith(("tuner.source", "tuner.formats", "tuner.stack"))
        ]


def test_every_package_is_in_the_order() -> None:
    packages = {path.parent.name for path in TUNER.glob("*/__init__.py")}
    assert packages <= set(ORDER)
    assert {"source", "formats", "laws", "stack", "load", "judge", "change", "report", "cli"} <= packages


def test_no_module_is_a_god() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}
    assert {path: n for path, n in lengths.items() if n > 320} == {}


def judged(folder: Path, then: str) -> subprocess.CompletedProcess[str]:
    """Check a small tree in a process of its own, which runs `then` when it is done."""
    for name, text in FILES.items():
        (folder / name).write_text(text)
    program = (
        "import sys; from tuner.cli.main import run; run(['check', sys.argv[1], '--target', 'debian-12'])"
    )
    return subprocess.run(
        [sys.executable, "-c", f"{program}\n{then}", str(folder)], capture_output=True, text=True, check=False
    )


def test_the_check_path_loads_nothing_heavy(tmp_path: Path) -> None:
    done = judged(tmp_path, f"print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)")
    assert "QUE001" in done.stdout
    assert done.stderr.strip() == "[]"


def test_the_check_path_makes_no_dataclass_and_compiles_no_pattern_early(tmp_path: Path) -> None:
    done = judged(tmp_path, SLOW_TO_MAKE)
    assert "QUE001" in done.stdout
    assert done.stderr.split() == []
