"""Timeouts in their order, where a number can put them there."""

from pathlib import Path

import pytest

from tests.tune.hosts import NGINX_FILE, Planned, host_files, quiet


@pytest.mark.parametrize(
    ("terminate", "read", "expected"),
    [
        ("90s", "60s", 45),
        ("60s", "60s", 45),
        ("2s", "1s", 1),
        ("1s", "1s", None),
        ("45s", "60s", None),
        ("0", "60s", None),
    ],
)
def test_php_fpm_ends_what_nginx_gave_up_on(
    tmp_path: Path, terminate: str, read: str, expected: int | None
) -> None:
    lines = (f"request_terminate_timeout = {terminate}", "listen.backlog = 10")
    host = Planned(tmp_path, host_files(*lines, timeout=read), measured=quiet())
    assert host.recommended().get("request_terminate_timeout") == expected
    host.bring_in()
    assert host.plan.recommendations == ()


def test_nobody_is_killed_for_a_load_that_was_not_measured(tmp_path: Path) -> None:
    lines = ("request_terminate_timeout = 300s", "listen.backlog = 10")
    host = Planned(tmp_path, host_files(*lines, timeout="60s"))
    assert host.plan.recommendations == ()


@pytest.mark.parametrize(
    ("timeout", "listen", "expected"),
    [
        ("", "127.0.0.1:9000", 2),
        ("11s", "127.0.0.1:9000", 2),
        ("10s", "127.0.0.1:9000", None),
        ("", "/run/a", None),
    ],
)
def test_a_connection_to_a_full_tcp_queue_is_not_waited_for(
    tmp_path: Path, timeout: str, listen: str, expected: int | None
) -> None:
    files = host_files("listen.backlog = 10", listen=listen)
    if timeout:
        nginx = files["etc/nginx/nginx.conf"]
        files["etc/nginx/nginx.conf"] = nginx.replace(
            "http {", f"http {{\n    fastcgi_connect_timeout {timeout};"
        )
    host = Planned(tmp_path, files)
    assert host.recommended().get("fastcgi_connect_timeout") == expected
    host.bring_in()
    assert host.plan.recommendations == ()


def test_every_line_that_says_it_is_changed_at_once(tmp_path: Path) -> None:
    files = host_files("listen.backlog = 10", listen="127.0.0.1:9000")
    again = "        location = /b.php { fastcgi_pass php; fastcgi_connect_timeout 600s; }\n"
    again += again.replace("/b.php", "/c.php")
    files["etc/nginx/nginx.conf"] = files["etc/nginx/nginx.conf"].replace(
        "        listen 80;\n", f"        listen 80;\n{again}"
    )
    host = Planned(tmp_path, files)
    host.bring_in()
    assert host.plan.recommendations == ()
    assert (tmp_path / "etc/nginx/nginx.conf").read_text().count("fastcgi_connect_timeout 2s;") == 3


PASS = "fastcgi_pass php;\n"


def with_location(location: str) -> dict[str, str]:
    files = host_files("listen.backlog = 10", listen="127.0.0.1:9000")
    nginx = files[NGINX_FILE].replace("        listen 80;\n", f"        listen 80;\n{location}")
    return {**files, NGINX_FILE: nginx, "etc/nginx/pass.conf": PASS}


def test_a_file_included_within_an_if_stays_and_the_location_around_it_says_it(tmp_path: Path) -> None:
    host = Planned(tmp_path, with_location("        location /if { if ($arg_a) { include pass.conf; } }\n"))
    assert NGINX_FILE in host.bring_in()
    assert (tmp_path / "etc/nginx/pass.conf").read_text() == PASS
    location = "location /if { if ($arg_a) { include pass.conf; } fastcgi_connect_timeout 2s; }\n"
    assert location in (tmp_path / NGINX_FILE).read_text()
    assert host.plan.recommendations == ()


def test_what_an_if_and_a_location_include_is_left_to_its_owner(tmp_path: Path) -> None:
    both = "        location /if { include pass.conf; if ($arg_a) { include pass.conf; } }\n"
    found = Planned(tmp_path, with_location(both)).patches
    assert len(found.unwritten) == 1
    assert {file.document.text.path for file in found.files}.isdisjoint(
        {str(tmp_path / "etc/nginx/pass.conf")}
    )


UNIX = "        location /unix { fastcgi_pass unix:/run/php/www.sock; }\n"


def test_only_locations_that_lead_to_tcp_get_it(tmp_path: Path) -> None:
    host = Planned(tmp_path, with_location(UNIX))
    host.bring_in()
    text = (tmp_path / NGINX_FILE).read_text()
    assert UNIX in text
    assert text.count("fastcgi_connect_timeout 2s;") == 1
    assert host.plan.recommendations == ()


def test_a_line_for_unix_sockets_only_stays(tmp_path: Path) -> None:
    line = UNIX.replace("www.sock;", "www.sock; fastcgi_connect_timeout 60s;")
    host = Planned(tmp_path, with_location(line))
    host.bring_in()
    assert line in (tmp_path / NGINX_FILE).read_text()


@pytest.mark.parametrize("written", ["", "fastcgi_connect_timeout 60s;"])
def test_of_an_upstream_that_nobody_knows_nothing_is_said(tmp_path: Path, written: str) -> None:
    files = host_files("listen.backlog = 10")
    files[NGINX_FILE] = files[NGINX_FILE].replace("fastcgi_pass php;", f"fastcgi_pass elsewhere; {written}")
    assert "fastcgi_connect_timeout" not in Planned(tmp_path, files).recommended()


@pytest.mark.parametrize(
    ("second", "is_said"),
    [("", False), ("server 10.0.0.2:9000;", True), ("server unix:/run/php/b.sock backup;", True)],
)
def test_what_a_timeout_does_to_one_server_of_several(tmp_path: Path, second: str, is_said: bool) -> None:
    files = host_files("listen.backlog = 10", listen="127.0.0.1:9000")
    files[NGINX_FILE] = files[NGINX_FILE].replace("9000;", f"9000; {second}")
    whys = [
        found.why
        for found in Planned(tmp_path, files).plan.recommendations
        if found.setting == "fastcgi_connect_timeout"
    ]
    assert len(whys) == 1
    assert ("no live upstreams" in whys[0]) == is_said
