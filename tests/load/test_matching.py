"""Whose load it is: by name and by address, and what is said where that is not sure."""

from pathlib import Path

import pytest

from tests.trees import stacks_of, write_tree
from tuner.load.load_file import LoadFile, MeasuredPool, load_file_of
from tuner.load.measured import put_measured
from tuner.load.regular import load_of
from tuner.stack.model import Pool, Stack

FOLDER = "etc/php/8.2/fpm/pool.d"


def pools_file(**listens: str) -> str:
    return "".join(
        f"[{name}]\nlisten = {listen}\npm = static\npm.max_children = 4\n" for name, listen in listens.items()
    )


def measured(name: str, *upstreams: str, hosts: int = 1) -> MeasuredPool:
    (pool,) = load_of(name, [(20, 10)], {50: 1}).pools
    return pool.model_copy(update={"upstreams": list(upstreams), "hosts": hosts})


def put(root: Path, files: dict[str, str], *pools: MeasuredPool) -> tuple[dict[str, Pool], list[str]]:
    write_tree(root, files)
    stacks: list[Stack] = stacks_of(root)
    load: LoadFile = load_file_of(pools)
    complaints = put_measured(stacks, load, "load.yaml")
    found = {
        f"{stack.host_name}/{pool.name}" if len(stacks) > 1 else pool.name: pool
        for stack in stacks
        for pool in stack.pools
    }
    return {name.removeprefix(f"{root}/"): pool for name, pool in found.items()}, complaints


def judged_by(pool: Pool) -> str:
    """The kind of the load and, where it is unknown, why."""
    assert pool.load
    value = pool.load.service_time
    return pool.load.kind if value.is_known else f"{pool.load.kind}: {value.origin.words}"


TWO = {f"{FOLDER}/a.conf": pools_file(www="/run/a.sock", api="127.0.0.1:9000")}


def test_by_name_and_what_the_file_does_not_tell_of_is_said(tmp_path: Path) -> None:
    pools, complaints = put(tmp_path, TWO, measured("www"))
    assert {name: judged_by(pool) for name, pool in pools.items()} == {
        "www": "measured",
        "api": "none: load.yaml says nothing of this pool",
    }
    assert complaints == ["nothing is said of api"]


@pytest.mark.parametrize(
    "pool",
    [measured("whatever", "localhost:9000"), measured("127.0.0.1:9000"), measured("api", "10.0.0.1:9000")],
    ids=lambda pool: pool.name,
)
def test_by_address_or_by_a_name_whose_address_is_nobodys(tmp_path: Path, pool: MeasuredPool) -> None:
    pools, complaints = put(tmp_path, TWO, pool)
    assert judged_by(pools["api"]) == "measured"
    assert complaints == ["nothing is said of www"]


def test_a_name_and_an_address_that_lead_to_different_pools(tmp_path: Path) -> None:
    pools, complaints = put(tmp_path, TWO, measured("www", "127.0.0.1:9000"))
    doubt = "which pool is it: www (/run/a.sock) or api (127.0.0.1:9000)? Measure with --pool and --upstream"
    assert {judged_by(pool) for pool in pools.values()} == {f"measured: load.yaml: pool www: {doubt}"}
    assert complaints == [f"pool www: {doubt}"]


def test_two_pools_of_a_name_are_told_apart_by_their_address(tmp_path: Path) -> None:
    files = {
        "etc/php/7.4/fpm/pool.d/www.conf": pools_file(www="/run/old.sock"),
        "etc/php/8.2/fpm/pool.d/www.conf": pools_file(www="/run/new.sock"),
    }
    write_tree(tmp_path, files)
    (stack,) = stacks_of(tmp_path)
    put_measured([stack], load_file_of([measured("www", "unix:/run/new.sock")]), "load.yaml")
    kinds = {str(pool.listen.data): pool.load.kind for pool in stack.pools if pool.load}
    assert kinds == {"/run/old.sock": "none", "/run/new.sock": "measured"}
    (complaint,) = put_measured([stack], load_file_of([measured("www")]), "load.yaml")
    assert complaint.startswith("pool www: which pool is it: www (/run/old.sock) or www (/run/new.sock)?")


def test_a_pool_that_two_measured_ones_claim(tmp_path: Path) -> None:
    pools, complaints = put(tmp_path, TWO, measured("www"), measured("x", "unix:/run/a.sock"))
    assert judged_by(pools["www"]) == "measured: load.yaml: pool x: pool www and pool x are both this pool"
    assert complaints[0] == "pool x: pool www and pool x are both this pool"


def test_no_such_pool(tmp_path: Path) -> None:
    pools, complaints = put(tmp_path, TWO, measured("shop", "unix:/run/b.sock"))
    assert {pool.load.kind for pool in pools.values() if pool.load} == {"none"}
    assert complaints == [
        "pool shop: no pool of that name, nor one on unix:/run/b.sock, in the files read; "
        "those are www and api"
    ]
    _, complaints = put(tmp_path / "empty", {"etc/sysctl.conf": "vm.swappiness = 1\n"}, measured("shop"))
    assert complaints == ["pool shop: no pool of that name in the files read; there is none"]


@pytest.mark.parametrize(("hosts", "kinds"), [(2, {"known"}), (1, {"unknown"})])
def test_several_hosts_need_the_load_of_as_many(tmp_path: Path, hosts: int, kinds: set[str]) -> None:
    files = {f"{host}/{FOLDER}/a.conf": pools_file(www="/run/a.sock") for host in ("web1", "web2")}
    pools, complaints = put(tmp_path, files, measured("www", hosts=hosts))
    assert {pool.load.service_time.state for pool in pools.values() if pool.load} == kinds
    assert bool(complaints) == (hosts == 1)
    assert all("which host is it of" in words for words in complaints)
