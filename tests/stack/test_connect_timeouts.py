"""One fastcgi_connect_timeout is one entity, whatever number of locations it governs."""

from pathlib import Path

from tests.trees import stack_of
from tuner.stack.model import ConnectTimeout

TCP = "fastcgi_pass 127.0.0.1:9000;"
UNIX = "fastcgi_pass unix:/run/php/www.sock;"


def timeouts_of(root: Path, http: str, **files: str) -> list[ConnectTimeout]:
    others = {f"etc/nginx/{name}.conf": text for name, text in files.items()}
    return stack_of(
        root, {"etc/nginx/nginx.conf": f"events {{}}\nhttp {{ {http} }}\n", **others}
    ).connect_timeouts


def paths(timeout: ConnectTimeout) -> list[str]:
    return [location.path for location in timeout.locations]


def test_each_directive_governs_what_no_inner_one_takes_from_it(tmp_path: Path) -> None:
    http = (
        f"fastcgi_connect_timeout 3s; server {{ server_name a; location /1 {{ {TCP} }}"
        f" location /2 {{ {UNIX} fastcgi_connect_timeout 4s; }} location /3 {{ {UNIX} }} }}"
        f" server {{ listen 81; fastcgi_connect_timeout 5s; location /4 {{ {UNIX} }} }}"
    )
    found = {one.entity: (one.timeout.data, paths(one)) for one in timeouts_of(tmp_path, http)}
    assert found == {
        "fastcgi_connect_timeout:http": (3, ["/1", "/3"]),
        "fastcgi_connect_timeout:a/2": (4, ["/2"]),
        "fastcgi_connect_timeout:0.0.0.0:81": (5, ["/4"]),
    }


def test_the_unwritten_default_is_one_for_all(tmp_path: Path) -> None:
    http = f"server {{ location /1 {{ {TCP} }} }} server {{ listen 81; location /2 {{ {UNIX} }} }}"
    (only,) = timeouts_of(tmp_path, http)
    assert (only.entity, only.timeout.data, paths(only)) == (
        "fastcgi_connect_timeout:nginx",
        60,
        ["/1", "/2"],
    )


def test_a_file_that_is_included_twice_sets_one_timeout(tmp_path: Path) -> None:
    include = f"include php.conf; {TCP}"
    http = f"server {{ location /1 {{ {include} }} location /2 {{ {include} }} }}"
    (only,) = timeouts_of(tmp_path, http, php="fastcgi_connect_timeout 9;\n")
    assert (only.timeout.data, paths(only)) == (9, ["/1", "/2"])


def test_a_tcp_server_of_an_upstream_is_found(tmp_path: Path) -> None:
    http = "upstream p { server unix:/a; server php:9000; } server { location / { fastcgi_pass p; } }"
    (only,) = timeouts_of(tmp_path, http)
    assert (only.tcp_member.data, only.has_only_unix_sockets) == ("php:9000", False)


def test_what_an_unseen_file_may_add_is_not_called_a_unix_socket(tmp_path: Path) -> None:
    written = "fastcgi_connect_timeout 5;"
    http = (
        f"server {{ {written} location /1 {{ {UNIX} }} location /x {{ include /srv/x/*.conf; }} }}"
        f" server {{ listen 81; {written} location /2 {{ {UNIX} }} }}"
    )
    assert [one.has_only_unix_sockets for one in timeouts_of(tmp_path, http)] == [False, True]


def test_sites_of_a_folder_that_is_not_there_may_use_tcp(tmp_path: Path) -> None:
    site = f"fastcgi_connect_timeout 3s; server {{ location / {{ {UNIX} }} }}"
    (one,) = timeouts_of(tmp_path / "a", f"{site} include vhost/*.conf;")
    (other,) = timeouts_of(tmp_path / "b", f"{site} include none*.conf;")
    assert (one.has_only_unix_sockets, other.has_only_unix_sockets) == (False, True)


def test_a_default_that_an_unseen_file_may_change_is_no_entity(tmp_path: Path) -> None:
    assert timeouts_of(tmp_path, f"include /srv/x/*.conf; server {{ location / {{ {TCP} }} }}") == []


def test_a_variable_is_asked_about_only_where_the_timeout_is_written(tmp_path: Path) -> None:
    written = "fastcgi_connect_timeout 9;"
    http = f"server {{ location /1 {{ fastcgi_pass $a; }} location /2 {{ {written} fastcgi_pass $a; }} }}"
    assert [one.tcp_member.state for one in timeouts_of(tmp_path, http)] == ["absent", "unknown"]


def test_what_one_server_repeats_is_one_at_its_main_location(tmp_path: Path) -> None:
    nine, php = "fastcgi_connect_timeout 9;", r"~ \.php$"
    http = (
        f"server {{ server_name a; location /x {{ {TCP} {nine} }}"
        f" location /n {{ location {php} {{ {TCP} {nine} }} }}"
        f" location {php} {{ {TCP} {nine} }} location /u {{ {UNIX} {nine} }}"
        f" location /8 {{ {TCP} fastcgi_connect_timeout 8; }} }}"
        f" server {{ listen 81; server_name b; location /b {{ {TCP} {nine} }} }}"
    )
    found = {
        one.entity: (one.timeout.data, len(one.timeout.inputs), paths(one))
        for one in timeouts_of(tmp_path, http)
    }
    assert found == {
        rf"fastcgi_connect_timeout:a{php}": (9, 2, [php, "/x", f"/n > {php}"]),
        "fastcgi_connect_timeout:a/u": (9, 0, ["/u"]),
        "fastcgi_connect_timeout:a/8": (8, 0, ["/8"]),
        "fastcgi_connect_timeout:b/b": (9, 0, ["/b"]),
    }


def test_nginx_waits_for_one_server_of_an_upstream_after_the_other(tmp_path: Path) -> None:
    servers = "server unix:/a; server p:1; server p:2;"
    http = f"upstream p {{ {servers} }} server {{ location / {{ fastcgi_pass p; }} location /1 {{ {TCP} }} }}"
    (one,) = timeouts_of(tmp_path, http)
    assert one.at_each == " at each of 2 addresses"
    (alone,) = timeouts_of(
        tmp_path / "alone", f"server {{ location /1 {{ {TCP} }} location /2 {{ {TCP} }} }}"
    )
    assert alone.at_each == ""
