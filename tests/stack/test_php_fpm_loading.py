"""php-fpm's files in the order of loading: sections that run on, includes, pool folders."""

from pathlib import Path

import pytest

from tests.trees import stack_of, stacks_of, write_tree
from tuner.stack.model import Pool, Stack

FPM = "etc/php/8.2/fpm"
WWW = "[www]\nlisten = /run/www.sock\npm = static\npm.max_children = 4\n"
MAIN = f"[global]\nerror_log = /dev/stderr\ninclude = /{FPM}/pool.d/*.conf\n"


def pools_of(root: Path, files: dict[str, str], target: str = "") -> dict[str, Pool]:
    return {pool.name: pool for pool in stack_of(root, files, target).pools}


def problems(stack: Stack) -> list[tuple[str, str]]:
    return [(problem.kind, problem.severity) for problem in stack.problems]


@pytest.mark.parametrize("second", ["www", "WWW", "Www"])
def test_a_second_section_of_a_name_goes_on_with_the_pool(second: str, tmp_path: Path) -> None:
    files = {f"{FPM}/php-fpm.conf": f"{WWW}[api]\nlisten = 9001\n[{second}]\npm.max_children = 9\n[global]\n"}
    pools = pools_of(tmp_path, files)
    assert list(pools) == ["www", "api"]
    assert (pools["www"].max_children.data, pools["www"].listen.data) == (9, "/run/www.sock")


def test_the_last_setting_wins_and_says_what_it_overrides(tmp_path: Path) -> None:
    text = WWW + "pm.max_children = 5\nPM.Max_Children = 6\n"
    (pool,) = pools_of(tmp_path, {f"{FPM}/pool.d/www.conf": text}).values()
    assert pool.max_children.data == 6
    assert [(lost.data, lost.reason) for lost in pool.max_children.overrides] == [
        (5, "a later setting wins"),
        (4, "a later setting wins"),
    ]


def test_pool_files_are_loaded_in_byte_order(tmp_path: Path) -> None:
    names = ("10.conf", "9.conf", "A.conf", "a.conf")
    files = {f"{FPM}/pool.d/{n}": WWW + f"pm.max_children = {i}\n" for i, n in enumerate(names, 1)}
    (pool,) = pools_of(tmp_path, {f"{FPM}/php-fpm.conf": MAIN, **files}).values()
    assert pool.max_children.data == 4
    assert [lost.data for lost in pool.max_children.overrides if lost.data != 4] == [3, 2, 1]


@pytest.mark.parametrize(
    "main", [{}, {"usr/local/etc/php-fpm.conf": "include=/usr/local/etc/php-fpm.d/*.conf\n"}]
)
def test_zz_docker_comes_last_in_its_folder(main: dict[str, str], tmp_path: Path) -> None:
    folder = "usr/local/etc/php-fpm.d"
    files = {
        f"{folder}/zz-docker.conf": "[global]\ndaemonize = no\n[www]\nlisten = 9000\n",
        f"{folder}/www.conf": WWW,
        f"{folder}/docker.conf": "[global]\nerror_log = /dev/stderr\n[www]\naccess.log = /dev/stdout\n",
    }
    (pool,) = pools_of(tmp_path, {**files, **main}).values()
    assert (pool.listen.data, [lost.data for lost in pool.listen.overrides]) == ("9000", ["/run/www.sock"])
    assert pool.max_children.data == 4


def test_an_included_file_without_a_header_goes_on_with_the_pool_before_it(tmp_path: Path) -> None:
    files = {
        f"{FPM}/php-fpm.conf": f"{WWW}include = /{FPM}/memory.conf\n[api]\nlisten = 9001\n",
        f"{FPM}/memory.conf": "pm.max_children = 77\n",
    }
    pools = pools_of(tmp_path, files)
    assert (pools["www"].max_children.data, pools["api"].max_children.is_known) == (77, False)


def test_the_section_that_an_included_file_opens_goes_on_behind_the_include(tmp_path: Path) -> None:
    files = {
        f"{FPM}/php-fpm.conf": f"{WWW}include = /{FPM}/api.conf\npm.max_children = 88\n",
        f"{FPM}/api.conf": "[api]\nlisten = 9001\npm = static\n",
    }
    pools = pools_of(tmp_path, files)
    assert (pools["www"].max_children.data, pools["api"].max_children.data) == (4, 88)


def test_what_stands_before_any_section_is_global(tmp_path: Path) -> None:
    pools = pools_of(
        tmp_path, {f"{FPM}/php-fpm.conf": "pm.max_children = 9\n" + WWW + "[global]\npm = ondemand\n"}
    )
    assert [(p.name, p.max_children.data, p.pm.data) for p in pools.values()] == [("www", 4, "static")]


def test_an_include_without_a_match_is_a_warning(tmp_path: Path) -> None:
    files = {f"{FPM}/php-fpm.conf": MAIN + f"include = /{FPM}/none.conf\n", f"{FPM}/pool.d/x.disabled": WWW}
    stack = stack_of(tmp_path, files)
    assert problems(stack) == [("include-unmatched", "warning")] * 2


def test_an_include_out_of_the_given_paths_is_not_followed(tmp_path: Path) -> None:
    stack = stack_of(tmp_path, {f"{FPM}/php-fpm.conf": "[global]\npid = /run/x\ninclude = /opt/x/*.conf\n"})
    assert (problems(stack), [item.target for item in stack.not_followed]) == ([], ["/opt/x/*.conf"])


def test_a_relative_include_starts_at_the_prefix_of_the_release(tmp_path: Path) -> None:
    files = {
        "etc/php-fpm.conf": "[global]\npid = /run/x\ninclude = share/fpm/*.conf\n",
        "usr/share/fpm/www.conf": WWW,
    }
    write_tree(tmp_path, files)
    (known,) = stacks_of(tmp_path, "debian-12")
    assert (len(known.pools), known.not_followed) == (1, [])
    (unknown,) = stacks_of(tmp_path)
    assert "prefix" in unknown.not_followed[0].reason


def test_five_files_may_include_each_other_and_a_sixth_may_not(tmp_path: Path) -> None:
    def chain(length: int) -> dict[str, str]:
        files = {f"{FPM}/{n}.conf": f"include = /{FPM}/{n + 1}.conf\n" for n in range(1, length)}
        return {
            f"{FPM}/php-fpm.conf": f"[global]\ninclude = /{FPM}/1.conf\n",
            **files,
            f"{FPM}/{length}.conf": WWW,
        }

    assert problems(stack_of(tmp_path / "5", chain(4))) == []
    assert problems(stack_of(tmp_path / "6", chain(5))) == [("include-loop", "error")]


def test_a_file_that_includes_itself_ends(tmp_path: Path) -> None:
    stack = stack_of(tmp_path, {f"{FPM}/php-fpm.conf": f"[global]\ninclude = /{FPM}/php-fpm.conf\n{WWW}"})
    assert problems(stack) == [("include-loop", "error")]
    assert [pool.name for pool in stack.pools] == ["www"]


def test_each_version_has_pools_of_its_own(tmp_path: Path) -> None:
    files = {"etc/php/7.4/fpm/pool.d/www.conf": WWW, f"{FPM}/pool.d/www.conf": WWW}
    stack = stack_of(tmp_path, files)
    backlogs = [listener.backlog.data for listener in stack.listeners]
    assert ([pool.name for pool in stack.pools], sorted(map(str, backlogs))) == (
        ["www", "www"],
        ["-1", "511"],
    )


def test_a_name_that_no_include_matches_is_not_in_effect(tmp_path: Path) -> None:
    stack = stack_of(tmp_path, {f"{FPM}/pool.d/www.conf": WWW, f"{FPM}/pool.d/www.conf.bak": WWW})
    assert len(stack.pools) == 1
    assert stack.not_in_effect == [f"{tmp_path}/{FPM}/pool.d/www.conf.bak"]


def test_a_linked_pool_is_loaded_once(tmp_path: Path) -> None:
    write_tree(tmp_path, {f"{FPM}/php-fpm.conf": MAIN, "srv/app/fpm-pool.conf": WWW})
    (tmp_path / FPM / "pool.d").mkdir()
    (tmp_path / FPM / "pool.d/app.conf").symlink_to("/srv/app/fpm-pool.conf")
    (stack,) = stacks_of(tmp_path)
    assert [pool.name for pool in stack.pools] == ["www"]
    assert stack.listeners[0].backlog.data == -1
