"""Which files make one host, and the paths that this host knows them under."""

import os
from pathlib import Path

import pytest

from tests.trees import stacks_of, write_tree
from tuner.formats.candidate import is_candidate
from tuner.source.tree import collect
from tuner.stack.files import ReadFile, read_tree
from tuner.stack.grouping import group_hosts, machine_root
from tuner.stack.hosts import HostFiles, Reach

SYSCTL = "net.core.somaxconn = 1\n"
NGINX = "http { server { listen 80; } }\n"
POOL = "[www]\nlisten = /run/php/www.sock\npm = static\npm.max_children = 4\n"


def hosts_of(root: Path, *mappings: tuple[str, str]) -> list[HostFiles]:
    tree = collect([str(root)], is_candidate)
    return group_hosts(tree, read_tree(tree), [(os.path.realpath(root / d), p) for d, p in mappings])


def host_of(root: Path, files: dict[str, str], *mappings: tuple[str, str]) -> HostFiles:
    write_tree(root, files)
    (host,) = hosts_of(root, *mappings)
    return host


@pytest.mark.parametrize(
    ("path", "root"),
    [
        ("/etc/sysctl.conf", "/"),
        ("/etc/nginx/nginx.conf", "/"),
        ("/usr/local/etc/php-fpm.d/www.conf", "/"),
        ("/opt/remi/etc/php-fpm.conf", "/"),
        ("/repo/web1/etc/nginx/nginx.conf", "/repo/web1"),
        ("/repo/web1/usr/local/etc/php-fpm.conf", "/repo/web1"),
        ("/repo/web1/opt/php/etc/php-fpm.conf", "/repo/web1"),
        ("/repo/etc/chroot/etc/nginx.conf", "/repo/etc/chroot"),
        ("/repo/usr/lib/sysctl.d/50.conf", None),
        ("/repo/etc", None),
        ("/repo/nginx/nginx.conf", None),
        ("/repo/local/etc/nginx.conf", "/repo/local"),
    ],
)
def test_the_folder_that_holds_etc_is_a_machines_root(path: str, root: str | None) -> None:
    assert machine_root(path) == root


def test_paths_below_a_machines_root_are_paths_of_that_machine(tmp_path: Path) -> None:
    host = host_of(tmp_path, {"web1/etc/sysctl.conf": SYSCTL, "web1/usr/lib/sysctl.d/50-a.conf": SYSCTL})
    assert sorted(host.by_path) == ["/etc/sysctl.conf", "/usr/lib/sysctl.d/50-a.conf"]
    assert host.host_path(f"{tmp_path}/web1") == "/"
    assert host.given_paths("/etc/x") == [f"{tmp_path}/web1/etc/x"]


def test_without_etc_the_paths_are_those_of_this_disk(tmp_path: Path) -> None:
    host = host_of(tmp_path, {"nginx/nginx.conf": NGINX})
    assert (host.name, list(host.by_path)) == ("", [f"{tmp_path}/nginx/nginx.conf"])


def test_each_machine_is_a_host_and_the_rest_is_one_more(tmp_path: Path) -> None:
    write_tree(
        tmp_path,
        {
            "web1/etc/sysctl.conf": SYSCTL,
            "web2/etc/sysctl.conf": SYSCTL,
            "web2/srv/nginx/nginx.conf": NGINX,
            "shared/sysctl.conf": SYSCTL,
        },
    )
    hosts = {host.name: sorted(host.by_path) for host in hosts_of(tmp_path)}
    assert hosts == {
        "": [f"{tmp_path}/shared/sysctl.conf"],
        f"{tmp_path}/web1": ["/etc/sysctl.conf"],
        f"{tmp_path}/web2": ["/etc/sysctl.conf", "/srv/nginx/nginx.conf"],
    }


def test_a_machine_inside_another_one_keeps_its_files(tmp_path: Path) -> None:
    write_tree(
        tmp_path,
        {
            "etc/sysctl.conf": SYSCTL,
            "var/lib/machines/c/etc/sysctl.conf": SYSCTL,
            "var/lib/machines/c/usr/lib/sysctl.d/50-a.conf": SYSCTL,
        },
    )
    hosts = {host.name: sorted(host.by_path) for host in hosts_of(tmp_path)}
    assert hosts == {
        str(tmp_path): ["/etc/sysctl.conf"],
        f"{tmp_path}/var/lib/machines/c": ["/etc/sysctl.conf", "/usr/lib/sysctl.d/50-a.conf"],
    }


def test_usr_local_etc_and_opt_belong_to_the_machine(tmp_path: Path) -> None:
    files = {
        "etc/sysctl.conf": SYSCTL,
        "usr/local/etc/php-fpm.d/www.conf": POOL,
        "opt/remi/etc/php-fpm.d/x.conf": POOL,
    }
    host = host_of(tmp_path, files)
    assert sorted(host.by_path) == [
        "/etc/sysctl.conf",
        "/opt/remi/etc/php-fpm.d/x.conf",
        "/usr/local/etc/php-fpm.d/www.conf",
    ]


def test_two_hosts_do_not_join(tmp_path: Path) -> None:
    site = "server { listen 80; location ~ \\.php$ { fastcgi_pass unix:/run/php/www.sock; } }\n"
    write_tree(
        tmp_path,
        {
            "web/etc/nginx/conf.d/site.conf": site,
            "web/etc/sysctl.conf": SYSCTL,
            "app/etc/php/8.2/fpm/pool.d/www.conf": POOL,
        },
    )
    app, web = stacks_of(tmp_path)
    assert [len(app.pools), len(app.locations), len(web.pools), len(web.locations)] == [1, 0, 0, 1]
    assert web.paths[0].pool is None
    assert app.pools[0].longest_read_timeout.state == "unknown"
    assert (web.kernel.somaxconn.data, app.kernel.somaxconn.data) == (1, None)


def test_root_maps_a_folder_to_the_path_it_will_have(tmp_path: Path) -> None:
    files = {"nginx/nginx.conf": "http { include /etc/nginx/conf.d/*.conf; }\n", "nginx/conf.d/a.conf": NGINX}
    host = host_of(tmp_path, files, ("nginx", "/etc/nginx"))
    assert sorted(host.by_path) == ["/etc/nginx/conf.d/a.conf", "/etc/nginx/nginx.conf"]
    found = host.glob("/etc/nginx/conf.d/*.conf", "nginx")
    assert isinstance(found, list)
    assert [file.path for file in found] == [f"{tmp_path}/nginx/conf.d/a.conf"]


def test_the_innermost_root_mapping_counts(tmp_path: Path) -> None:
    files = {"a/nginx.conf": NGINX, "a/sites/x.conf": NGINX}
    host = host_of(tmp_path, files, ("a", "/etc/nginx"), ("a/sites", "/srv/sites"))
    assert sorted(host.by_path) == ["/etc/nginx/nginx.conf", "/srv/sites/x.conf"]


def test_a_folder_whose_name_begins_alike_is_not_mapped(tmp_path: Path) -> None:
    host = host_of(
        tmp_path, {"nginx-old/nginx.conf": NGINX, "nginx/nginx.conf": NGINX}, ("nginx", "/etc/nginx")
    )
    assert sorted(host.by_path) == ["/etc/nginx/nginx.conf", f"{tmp_path}/nginx-old/nginx.conf"]


def test_a_template_has_the_path_of_the_file_it_makes(tmp_path: Path) -> None:
    host = host_of(tmp_path, {"etc/nginx/nginx.conf.j2": NGINX, "etc/sysctl.d/50-a.conf.erb": SYSCTL})
    assert sorted(host.by_path) == ["/etc/nginx/nginx.conf", "/etc/sysctl.d/50-a.conf"]
    assert [file.path for file in host.by_path.values()] == [
        f"{tmp_path}/etc/nginx/nginx.conf.j2",
        f"{tmp_path}/etc/sysctl.d/50-a.conf.erb",
    ]


@pytest.mark.parametrize("text", ["../sites-available/a", "/etc/nginx/sites-available/a"])
def test_a_link_gives_a_file_another_path(text: str, tmp_path: Path) -> None:
    write_tree(tmp_path, {"etc/nginx/sites-available/a": NGINX, "etc/nginx/sites-enabled/.keep": ""})
    (tmp_path / "etc/nginx/sites-enabled/a").symlink_to(text)
    (host,) = hosts_of(tmp_path)
    assert host.links == {"/etc/nginx/sites-enabled/a"}
    assert host.by_path["/etc/nginx/sites-enabled/a"] is host.by_path["/etc/nginx/sites-available/a"]


def test_a_link_to_a_folder_gives_its_files_another_path(tmp_path: Path) -> None:
    write_tree(tmp_path, {"etc/nginx/nginx.conf": NGINX, "srv/conf/a.conf": NGINX})
    (tmp_path / "etc/nginx/conf.d").symlink_to("/srv/conf")
    (host,) = hosts_of(tmp_path)
    assert "/etc/nginx/conf.d/a.conf" in host.links


def test_a_link_to_dev_null_masks(tmp_path: Path) -> None:
    write_tree(tmp_path, {"etc/sysctl.d/10-a.conf": SYSCTL})
    (tmp_path / "etc/sysctl.d/50-a.conf").symlink_to("/dev/null")
    (host,) = hosts_of(tmp_path)
    assert host.masks == {"/etc/sysctl.d/50-a.conf"}
    assert "/etc/sysctl.d/50-a.conf" not in host.by_path


def test_a_link_out_of_the_given_paths_is_never_read(tmp_path: Path) -> None:
    write_tree(
        tmp_path, {"secret/a.conf": NGINX, "repo/etc/nginx/nginx.conf": "http { include conf.d/*; }\n"}
    )
    (tmp_path / "repo/etc/nginx/conf.d").symlink_to(tmp_path / "secret")
    (stack,) = stacks_of(tmp_path / "repo")
    assert stack.listeners == []
    assert stack.not_followed


def test_what_is_missing_and_what_lies_outside(tmp_path: Path) -> None:
    host = host_of(tmp_path, {"etc/nginx/nginx.conf": NGINX})
    assert host.find("/etc/nginx/none.conf", "nginx") is Reach.MISSING
    assert host.find("/opt/none.conf", "nginx") is Reach.OUTSIDE
    assert host.glob("/etc/nginx/*.none", "nginx") == []
    assert host.glob("/opt/none/*", "nginx") is Reach.OUTSIDE
    found = host.find("/etc/nginx/../nginx//./nginx.conf", "nginx")
    assert isinstance(found, ReadFile)


def test_a_glob_matches_in_byte_order_within_one_folder(tmp_path: Path) -> None:
    names = ("10.conf", "9.conf", "A.conf", "a.conf", "_.conf", ".hidden.conf", "sub/x.conf")
    host = host_of(tmp_path, {f"etc/nginx/conf.d/{name}": NGINX for name in names})
    found = host.glob("/etc/nginx/conf.d/*.conf", "nginx")
    assert isinstance(found, list)
    assert [os.path.basename(f.path) for f in found] == ["10.conf", "9.conf", "A.conf", "_.conf", "a.conf"]


def test_an_include_decides_what_a_file_is(tmp_path: Path) -> None:
    host = host_of(
        tmp_path, {"etc/nginx/nginx.conf": NGINX, "etc/nginx/snippets/timeouts": "fastcgi_read_timeout 5;\n"}
    )
    found = host.find("/etc/nginx/snippets/timeouts", "nginx")
    assert isinstance(found, ReadFile)
    assert (found.kind, found.status) == ("nginx", "checked")
    assert found in host.files


def test_a_missing_folder_beside_others_is_an_empty_one_unless_links_fill_it(tmp_path: Path) -> None:
    host = host_of(tmp_path, {"etc/nginx/nginx.conf": NGINX})
    assert host.glob("/etc/nginx/conf.d/*.conf", "nginx") == []
    assert host.glob("/etc/nginx/sites-enabled/*", "nginx") is Reach.OUTSIDE
    assert host.glob("/etc/php/pool.d/*.conf", "php-fpm") is Reach.OUTSIDE


@pytest.mark.parametrize("folder", ["opt/plesk/php/8.2/etc", "opt/remi/php82/root/etc", "opt/a/opt/b/c/etc"])
def test_what_lies_deep_below_opt_belongs_to_the_machine_that_has_an_etc(folder: str, tmp_path: Path) -> None:
    files = {"web1/etc/sysctl.conf": SYSCTL, f"web1/{folder}/php-fpm.d/www.conf": POOL}
    host = host_of(tmp_path, files)
    assert (host.name, sorted(host.by_path)) == (
        f"{tmp_path}/web1",
        ["/etc/sysctl.conf", f"/{folder}/php-fpm.d/www.conf"],
    )


@pytest.mark.parametrize(
    ("other", "root"),
    [
        ("web1/etc/sysctl.conf", "opt/php/8.2"),
        ("usr/local/etc/sysctl.conf", "opt/php/8.2"),
        ("opt/remi/etc/sysctl.conf", "opt/php/8.2"),
        ("etc/sysctl.conf", "srv/opt-in/php/8.2"),
        ("etc/sysctl.conf", "optional/opt"),
    ],
)
def test_a_root_below_no_machines_opt_is_a_machine(other: str, root: str, tmp_path: Path) -> None:
    write_tree(tmp_path, {other: SYSCTL, f"{root}/etc/php-fpm.d/www.conf": POOL})
    assert f"{tmp_path}/{root}" in {host.name for host in hosts_of(tmp_path)}
    assert len(hosts_of(tmp_path)) == 2


def test_a_site_reaches_the_pool_below_opt(tmp_path: Path) -> None:
    site = "server { listen 80; location ~ \\.php$ { fastcgi_pass unix:/run/php/www.sock; } }\n"
    pool = "opt/plesk/php/8.2/etc/php-fpm.d/www.conf"
    write_tree(tmp_path, {"etc/nginx/conf.d/site.conf": site, pool: POOL})
    (stack,) = stacks_of(tmp_path)
    assert [path.pool is stack.pools[0] for path in stack.paths] == [True]
