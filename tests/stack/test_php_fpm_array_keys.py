"""Keys of a pool's arrays: the first of two wins."""

from pathlib import Path

import pytest

from tests.trees import stack_of
from tuner.stack.line_entities import ArrayKey

FOLDER = "etc/php/8.2/fpm/pool.d"
POOL = "[www]\nlisten = /run/www.sock\npm = static\npm.max_children = 5\n"


def keys(root: Path, *texts: str) -> dict[str, ArrayKey]:
    files = {f"{FOLDER}/{number}.conf": text for number, text in enumerate(texts)}
    return {key.key: key for key in stack_of(root, files).array_keys}


def readings(found: dict[str, ArrayKey]) -> dict[str, tuple[object, object]]:
    return {name: (key.value.data, key.void.data) for name, key in found.items()}


def test_the_first_wins_over_files_and_sections(tmp_path: Path) -> None:
    found = keys(tmp_path, f"{POOL}env[A] = 1\n[api]\nenv[A] = 8\n[WWW]\nenv[A] = 2\n", "[www]\nenv[A] = 3\n")
    key = found["env[A]"]
    assert (key.entity, key.value.data) == ("pool:api env[A]", "8")
    www, api = stack_of(
        tmp_path / "2", {f"{FOLDER}/a.conf": f"{POOL}env[A] = 1\n[b]\nenv[A] = 9\n"}
    ).array_keys
    assert (www.value.data, www.void.state, api.value.data) == ("1", "absent", "9")


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("php_value[a] = 1\nphp_value[a] = 2", {"php_value[a]": ("1", "2")}),
        ("php_value[a] = 1\nphp_value[a] = 2\nphp_value[a] = 1", {"php_value[a]": ("1", "2")}),
        ("php_value[a] = 1\nphp_value[a] = 1", {"php_value[a]": ("1", "1")}),
        ("php_flag[a] = off\nphp_value[a] = 0", {"php_flag[a]": ("0", "0")}),
        ("php_flag[a] = on\nphp_value[a] = 0", {"php_flag[a]": ("1", "0")}),
        (
            "php_value[a] = 1\nphp_admin_value[a] = 2",
            {"php_value[a]": ("1", None), "php_admin_value[a]": ("2", None)},
        ),
        (
            "env[a] = 1\nenv[A] = 2\nenv[a ] = 3",
            {"env[a]": ("1", None), "env[A]": ("2", None), "env[a ]": ("3", None)},
        ),
        (
            "php_admin_value[extension] = a\nphp_admin_value[extension] = b",
            {"php_admin_value[extension]": ("a", None)},
        ),
        ("env[extension] = a\nenv[extension] = b", {"env[extension]": ("a", "b")}),
        ("env[a] = $pool\nenv[a] = www", {"env[a]": ("www", "www")}),
    ],
)
def test_which_settings_are_one_key(
    lines: str, found: dict[str, tuple[object, object]], tmp_path: Path
) -> None:
    assert readings(keys(tmp_path, f"{POOL}{lines}\n")) == found


def test_a_value_of_the_environment_is_unknown(tmp_path: Path) -> None:
    (key,) = keys(tmp_path, f"{POOL}env[A] = ${{A}}\nenv[A] = 2\n").values()
    assert (key.value.state, key.void.data) == ("unknown", "2")
