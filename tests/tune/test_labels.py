"""Names of fragments: one each, plain, and by the php-fpm where several have a pool of that name."""

from pathlib import Path

from tests.trees import write_tree
from tests.tune.hosts import Planned, host_files
from tuner.tune.labels import Label, labels_of, left_out

POOL = host_files()["etc/php/8.2/fpm/pool.d/www.conf"]


def labels(root: Path, *pools: tuple[str, str]) -> list[Label]:
    """Return the labels of pools, each given by its folder and its name, in order."""
    write_tree(root, {"etc/nginx/nginx.conf": "events {}\n"})
    files = {
        f"etc/{folder}/{number}.conf": POOL.replace("[www]", f"[{name}]")
        for number, (folder, name) in enumerate(pools)
    }
    stack = Planned(root, files).stack
    found = labels_of(stack.pools)
    return sorted(found[id(pool)] for pool in stack.pools if id(pool) in found)


def test_a_name_by_itself(tmp_path: Path) -> None:
    assert labels(tmp_path, ("php/8.2/fpm/pool.d", "www")) == [Label("www", "")]
    assert (Label("www", "").name, Label("www", "").folder) == ("www", "php-fpm")


def test_the_version_tells_two_apart(tmp_path: Path) -> None:
    found = labels(
        tmp_path, ("php/8.2/fpm/pool.d", "www"), ("php/8.2/fpm/pool.d", "api"), ("php/8.3/fpm/pool.d", "www")
    )
    assert found == [Label("api", ""), Label("www", "8.2"), Label("www", "8.3")]
    assert (found[1].name, found[1].folder) == ("www-8.2", "php-fpm/8.2")


def test_without_a_version_the_service_or_a_number(tmp_path: Path) -> None:
    found = labels(tmp_path, ("php-fpm.d", "www"), ("a/pool.d", "www"), ("b/pool.d", "www"))
    assert [label.instance for label in found] == ["php-fpm", "pool-1", "pool-2"]


def test_no_label_is_another_pool_s_name(tmp_path: Path) -> None:
    found = labels(
        tmp_path, ("php/8.2/fpm/pool.d", "www"), ("php/8.3/fpm/pool.d", "www"), ("c/pool.d", "www-8.2")
    )
    assert len({label.name for label in found}) == 3
    assert Label("www-8.2", "") in found


def test_odd_names_have_none_and_are_named(tmp_path: Path) -> None:
    assert labels(tmp_path / "a", ("a/pool.d", "-www"), ("b/pool.d", "w w")) == []
    stack = Planned(tmp_path / "b", {"etc/a/pool.d/x.conf": POOL.replace("[www]", "[w w]")}).stack
    assert [note.partition(":")[2].split(":")[0] for note in left_out(stack.pools)] == ["w w"]
    assert list(left_out(Planned(tmp_path / "c", host_files()).stack.pools)) == []
