"""`[[host]]` in `fpmtune.toml`: which files make up a host, and what reports say of it."""

import os
from pathlib import Path

import pytest
from program import BAD_LISTEN, POOL, Ran, fpmtune

from tests.trees import write_tree

WEB1 = '[[host]]\nname = "web1"\npaths = ["common", "web1"]\n'
WEB2 = '[[host]]\nname = "web2"\npaths = ["common", "web2"]\n'
SHARED_POOL = POOL + "listen.backlog = 4000\n"


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    """Two hosts that share one pool; each has its own kernel."""
    write_tree(
        tmp_path,
        {
            "fpmtune.toml": WEB1 + WEB2,
            "common/etc/php/8.2/fpm/pool.d/www.conf": SHARED_POOL,
            "web1/etc/sysctl.d/a.conf": "net.core.somaxconn=1000\n",
            "web2/etc/sysctl.d/a.conf": "net.core.somaxconn=2000\n",
        },
    )
    return tmp_path


def check(tree: Path, *arguments: str) -> Ran:
    return fpmtune("check", "--format", "json", *(arguments or (".",)), cwd=tree)


def clamped(ran: Ran) -> list[tuple[list[str], str]]:
    return [(f["hosts"], f["message"]) for f in ran.report["findings"] if f["rule"] == "QUE001"]


def clamped_to(number: int) -> str:
    return f"listen.backlog = 4000 is cut to {number} by net.core.somaxconn"


def test_each_host_joins_the_shared_folder_with_its_own(fleet: Path) -> None:
    assert clamped(check(fleet)) == [(["web1"], clamped_to(1000)), (["web2"], clamped_to(2000))]


def test_without_the_table_nothing_joins(fleet: Path) -> None:
    (fleet / "fpmtune.toml").unlink()
    assert not [message for _, message in clamped(check(fleet)) if "1000" in message or "2000" in message]


@pytest.mark.parametrize("path", ["web1", "web1/etc/sysctl.d/a.conf"])
def test_a_part_of_a_host_is_checked_with_the_rest_of_it(fleet: Path, path: str) -> None:
    ran = check(fleet, path)
    assert clamped(ran) == [([], clamped_to(1000))]
    assert {f["path"] for f in ran.report["files"]} == {
        "web1/etc/sysctl.d/a.conf",
        "common/etc/php/8.2/fpm/pool.d/www.conf",
    }


def test_what_all_hosts_have_in_common_is_said_once(fleet: Path) -> None:
    write_tree(fleet, {"web2/etc/sysctl.d/a.conf": "net.core.somaxconn=1000\n"})
    for host in ("web1", "web2"):
        (fleet / host / "etc/sysctl.d/a.conf").rename(fleet / host / "etc/sysctl.d/b.conf")
    ran = check(fleet, ".", "--sysctl", "web1/etc/sysctl.d/b.conf")
    assert clamped(ran) == [(["web1", "web2"], clamped_to(1000))]
    text = fpmtune("check", ".", "--sysctl", "web1/etc/sysctl.d/b.conf", cwd=fleet).out
    assert "= hosts: web1, web2\n" in text
    assert "\n2 hosts: web1, web2\n" in text


def test_a_host_alone_is_not_named(fleet: Path) -> None:
    write_tree(fleet, {"fpmtune.toml": WEB1})
    (fleet / "web2/etc/sysctl.d/a.conf").unlink()
    assert "web1\n" not in fpmtune("check", ".", cwd=fleet).out
    assert clamped(check(fleet)) == [([], clamped_to(1000))]


def test_files_of_no_host_are_grouped_as_without_the_table(fleet: Path) -> None:
    write_tree(
        fleet,
        {
            "cache/etc/sysctl.d/a.conf": "net.core.somaxconn=300\n",
            "cache/etc/redis/redis.conf": "port 6379\ntcp-backlog 511\n",
            "loose/nginx/a.conf": BAD_LISTEN,
        },
    )
    ran = check(fleet)
    assert (["cache"], "tcp-backlog 511 is cut to 300 by net.core.somaxconn") in clamped(ran)
    hosts = {tuple(f["hosts"]) for f in ran.report["findings"] if f["rule"] == "QUE003"}
    assert hosts == {("(files of no host)",)}
    assert {f["path"] for f in ran.report["files"]} >= {"loose/nginx/a.conf", "web1/etc/sysctl.d/a.conf"}


def test_show_names_the_hosts(fleet: Path) -> None:
    assert "host web1\n=========\n" in fpmtune("show", ".", cwd=fleet).out
    ran = fpmtune("show", "--format", "json", ".", cwd=fleet)
    backlogs = {pool["host"]: pool["queue"] is not None for pool in ran.report["pools"]}
    assert list(backlogs) == ["web1", "web2"]
    assert [h["kernel"]["somaxconn"]["value"] for h in ran.report["hosts"]] == [1000, 2000]


def test_undecided_rules_name_their_host(fleet: Path) -> None:
    (fleet / "web2/etc/sysctl.d/a.conf").unlink()
    write_tree(fleet, {"web2/etc/sysctl.d/a.conf.j2": "net.core.somaxconn={{ backlog }}\n"})
    undecided = [u for u in check(fleet).report["undecided"] if u["rule"] == "QUE001"]
    assert [(u["entity"], u["hosts"]) for u in undecided] == [("pool:www", ["web2"])]
    assert "for pool:www of web2: template\n" in fpmtune("check", ".", cwd=fleet).out


def test_target_of_a_host(fleet: Path) -> None:
    for host in ("web1", "web2"):
        (fleet / host / "etc/sysctl.d/a.conf").unlink()
    write_tree(
        fleet,
        {
            "fpmtune.toml": 'target = "kernel=6.1"\n' + WEB1 + 'target = "kernel=4.19"\n' + WEB2,
            "web1/etc/sysctl.d/a.conf": "vm.swappiness=1\n",
            "web2/etc/sysctl.d/a.conf": "vm.swappiness=1\n",
        },
    )
    assert clamped(check(fleet)) == [(["web1"], clamped_to(128))]
    assert clamped(check(fleet, ".", "--target", "kernel=6.1")) == []
    assert clamped(check(fleet, ".", "--target", "kernel=4.19")) == [(["web1", "web2"], clamped_to(128))]


def test_grammar_of_a_shared_file_is_the_one_of_each_hosts_php(tmp_path: Path) -> None:
    write_tree(
        tmp_path,
        {
            "fpmtune.toml": WEB1 + 'target = "php=5.6"\n' + WEB2 + 'target = "php=8.2"\n',
            "common/php-fpm.d/www.conf": POOL + "# an old comment\n",
            "web1/etc/sysctl.conf": "vm.swappiness=1\n",
            "web2/etc/sysctl.conf": "vm.swappiness=1\n",
        },
    )
    graver = [f for f in check(tmp_path).report["findings"] if f["severity"] == "error"]
    assert {tuple(f["hosts"]) for f in graver} == {("web2",)}


def test_sysctl_of_a_host(fleet: Path) -> None:
    write_tree(
        fleet,
        {
            "fpmtune.toml": WEB1.replace('"web1"]', '"web1"]\nsysctl = ["kernels/one.conf"]')
            + WEB2.replace('"web2"]', '"web2"]\nsysctl = ["kernels/two"]'),
            "kernels/one.conf": "net.core.somaxconn=111\n",
            "kernels/two/a.conf": "net.core.somaxconn=222\n",
        },
    )
    for host in ("web1", "web2"):
        (fleet / host / "etc/sysctl.d/a.conf").unlink()
    ran = check(fleet)
    assert clamped(ran) == [(["web1"], clamped_to(111)), (["web2"], clamped_to(222))]
    paths = [f["path"] for f in ran.report["files"]]
    assert sorted(paths) == [
        "common/etc/php/8.2/fpm/pool.d/www.conf",
        "kernels/one.conf",
        "kernels/two/a.conf",
    ]


def with_roots(name: str, folder: str) -> str:
    return f'[[host]]\nname = "{name}"\npaths = ["{name}"]\nroots = {{"{folder}" = "/etc/nginx/sites"}}\n'


def test_roots_of_a_host(tmp_path: Path) -> None:
    include = "events {}\nhttp { include /etc/nginx/sites/*.conf; }\n"
    write_tree(
        tmp_path,
        {
            "fpmtune.toml": with_roots("web1", "sites/one") + with_roots("web2", "sites/two"),
            "web1/etc/nginx/nginx.conf": include,
            "web2/etc/nginx/nginx.conf": include,
            "sites/one/a.conf": BAD_LISTEN,
            "sites/two/a.conf": "server { listen 81; }\n",
        },
    )
    for paths in ((".",), ("web1", "web2")):
        ran = check(tmp_path, *paths)
        found = [
            (f["hosts"], f["locations"][0]["path"]) for f in ran.report["findings"] if f["rule"] == "QUE003"
        ]
        assert found == [(["web1"], "sites/one/a.conf")]
        listeners = fpmtune("show", "--format", "json", *paths, cwd=tmp_path).report["listeners"]
        assert [(item["host"], item["address"]) for item in listeners] == [
            ("web1", "0.0.0.0:80"),
            ("web2", "0.0.0.0:81"),
        ]


def test_the_later_path_replaces_the_same_file(fleet: Path) -> None:
    write_tree(fleet, {"web1/etc/php/8.2/fpm/pool.d/www.conf": POOL + "listen.backlog = 3000\n"})
    ran = check(fleet)
    assert (["web1"], "listen.backlog = 3000 is cut to 1000 by net.core.somaxconn") in clamped(ran)
    assert (["web1"], clamped_to(1000)) not in clamped(ran)
    assert (["web2"], clamped_to(2000)) in clamped(ran)
    write_tree(fleet, {"fpmtune.toml": WEB1.replace('"common", "web1"', '"web1", "common"') + WEB2})
    assert (["web1"], clamped_to(1000)) in clamped(check(fleet))


def test_a_file_that_counts_on_no_host_is_said_to_be_skipped(fleet: Path) -> None:
    own = {"web1/etc/php/8.2/fpm/pool.d/www.conf": POOL, "web2/etc/php/8.2/fpm/pool.d/www.conf": POOL}
    write_tree(fleet, own)
    skipped = [f for f in check(fleet).report["files"] if f["status"] == "skipped"]
    assert [(f["path"], f["reason"]) for f in skipped] == [
        (
            "common/etc/php/8.2/fpm/pool.d/www.conf",
            "host web1 has web1/etc/php/8.2/fpm/pool.d/www.conf in its place",
        )
    ]


def test_include_is_found_in_every_folder_that_stands_for_the_machines_root(tmp_path: Path) -> None:
    includes = "include snippets/a.conf; include snippets/gone.conf;"
    write_tree(
        tmp_path,
        {
            "fpmtune.toml": WEB1,
            "web1/etc/nginx/nginx.conf": f"events {{}}\nhttp {{ {includes} }}\n",
            "common/etc/nginx/snippets/a.conf": BAD_LISTEN,
        },
    )
    findings = check(tmp_path).report["findings"]
    assert "QUE003" in [f["rule"] for f in findings]
    assert [f for f in findings if "gone.conf" in f["message"] and f["severity"] == "error"]
    assert not [f for f in findings if "a.conf" in f["message"] and "gone" not in f["message"]]


def test_a_link_of_a_host_leads_to_a_file_of_no_host(tmp_path: Path) -> None:
    write_tree(
        tmp_path,
        {
            "fpmtune.toml": '[[host]]\nname = "web1"\npaths = ["web1"]\n',
            "web1/etc/nginx/nginx.conf": "events {}\nhttp { include sites-enabled/*; }\n",
            "sites/shop.conf": BAD_LISTEN,
        },
    )
    (tmp_path / "web1/etc/nginx/sites-enabled").mkdir()
    os.symlink("../../../../sites/shop.conf", tmp_path / "web1/etc/nginx/sites-enabled/shop.conf")
    ran = check(tmp_path)
    assert [f["hosts"] for f in ran.report["findings"] if f["rule"] == "QUE003"] == [[]]
    assert len(ran.report["files"]) == 2


def test_a_host_without_files_is_complained_of(fleet: Path) -> None:
    (fleet / "empty").mkdir()
    write_tree(fleet, {"fpmtune.toml": WEB1 + '[[host]]\nname = "web9"\npaths = ["empty"]\n'})
    ran = check(fleet)
    assert ran.status == 1
    assert "fpmtune: host 'web9': no file of a known kind lies in its paths\n" in ran.err


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("paths = ['gone']", "fpmtune.toml: host 'h': paths: gone: no such file or folder"),
        ("paths = ['..']", "fpmtune.toml: host 'h': paths: .. lies outside the project's folder"),
        ("paths = ['/etc']", "fpmtune.toml: host 'h': paths: /etc lies outside the project's folder"),
        ("paths = ['link']", "host 'h': paths: link lies outside the project's folder"),
        ("paths = ['loop']", "host 'h': paths: loop"),
        ('paths = ["a\\u0000b"]', "host 'h': paths: a\\x00b"),
        ("paths = ['.']\nsysctl = ['..']", "host 'h': sysctl: .. lies outside the project's folder"),
        ("paths = ['.']\nsysctl = ['gone']", "host 'h': sysctl: gone: no such file or folder"),
        ("paths = ['.']\nroots = {'..' = '/etc'}", "host 'h': roots: .. lies outside the project's folder"),
        ("paths = ['.']\nroots = {'gone' = '/etc'}", "host 'h': roots: gone: no such folder"),
        ("paths = ['.']\ntarget = 'beos'", "host 'h': target: unknown target 'beos'"),
        ("paths = ['.']\n[[host]]\nname = 'h'\npaths = ['.']", "[[host]]: two hosts are called 'h'"),
    ],
)
def test_wrong_hosts(tmp_path: Path, table: str, words: str) -> None:
    write_tree(
        tmp_path, {"p/fpmtune.toml": f"[[host]]\nname = 'h'\n{table}\n", "p/a.conf": "", "x/a.conf": ""}
    )
    (tmp_path / "p/link").symlink_to("../x")
    (tmp_path / "p/loop").symlink_to("loop")
    ran = check(tmp_path / "p")
    assert (ran.status, ran.out) == (2, "")
    assert words in ran.err


def test_standard_input_concerns_no_host(fleet: Path) -> None:
    ran = fpmtune("check", "-", "--as", "nginx", "--format", "json", cwd=fleet, stdin=BAD_LISTEN.encode())
    assert [f["path"] for f in ran.report["files"]] == ["<stdin>"]
