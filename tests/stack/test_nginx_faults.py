"""Which directives nginx refuses, and where the fault is shown."""

from pathlib import Path

import pytest

from tests.trees import stack_of
from tuner.stack.line_entities import DirectiveFault
from tuner.stack.nginx.faults import FAULTS as KINDS


def faults(root: Path, text: str, target: str = "nginx=1.22.1", name: str = "nginx.conf") -> list[str]:
    return [told(fault) for fault in stack_of(root, {name: text}, target).directive_faults]


def told(fault: DirectiveFault) -> str:
    """Return `KIND LINE:COLUMN WORD` of a fault, with `?` where it depends on something."""
    (value,) = [value for kind in KINDS if (value := getattr(fault, kind)).origin.place]
    place = value.origin.place
    position = place.text.position(place.span.start)
    doubt = "" if value.is_known else "?"
    return f"{value.name.partition('.')[2]}{doubt} {position.line}:{position.column} {place.source}"


def http(inside: str) -> str:
    return f"events {{}}\nhttp {{\n{inside}\n}}\n"


def server(inside: str) -> str:
    return http(f"server {{ listen 80; {inside} }}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (http("listen 80;"), ["misplaced 3:1 listen"]),
        (http("fastcgi_pass a:1;"), ["misplaced 3:1 fastcgi_pass"]),
        (server("if ($arg_a) { proxy_buffering off; }"), ["misplaced 3:35 proxy_buffering"]),
        (server("if ($arg_a) { return 403; }"), []),
        (server("location / { if ($arg_a) { fastcgi_pass a:1; } }"), []),
        (server("location / { limit_except GET { deny all; root /x; } }"), ["misplaced 3:63 root"]),
        (server("types { listen x; server y; }"), []),
        (http("map $uri $a { default 0; server { } }"), ["misplaced 3:26 server"]),
        (server("other_block { listen x; }"), []),
        ("events { listen 80; }\n", ["misplaced 1:10 listen"]),
        ("events {}\nstream { server { listen 1; proxy_pass a:1; } }\n", []),
        ("events {}\nstream { server { location / {} } }\n", ["misplaced 2:19 location"]),
        ("events {}\nmail { server { listen 25; protocol smtp; root /x; } }\n", ["misplaced 2:43 root"]),
        (http("upstream a { server b:1; listen 80; }"), ["misplaced 3:26 listen"]),
    ],
)
def test_the_place_of_a_directive(text: str, expected: list[str], tmp_path: Path) -> None:
    assert faults(tmp_path, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (server("root;"), ["miscounted 3:21 root"]),
        (server("root a b;"), ["miscounted 3:21 root"]),
        (server("error_page 404;"), ["miscounted 3:21 error_page"]),
        (server("location / b c { }"), ["miscounted 3:21 location"]),
        (http("sendfile on { }"), ["miscounted 3:1 sendfile"]),
        (http("upstream a;"), ["miscounted 3:1 upstream"]),
        (http("upstream a { least_conn 1; server b:1; }"), ["miscounted 3:14 least_conn"]),
    ],
)
def test_the_number_of_arguments(text: str, expected: list[str], tmp_path: Path) -> None:
    assert faults(tmp_path, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (server("root a; root b;"), ["repeated 3:29 root"]),
        (server("root a; location / { root b; }"), []),
        (server("add_header a b; add_header c d; index a; index b;"), []),
        (http("sendfile on;\nsendfile on;"), ["repeated 4:1 sendfile"]),
        ("worker_processes 1;\nworker_processes 1;\nevents {}\n", ["repeated 2:1 worker_processes"]),
        ("events {}\nevents {}\nhttp {}\n", ["repeated 2:1 events"]),
    ],
)
def test_what_may_stand_once(text: str, expected: list[str], tmp_path: Path) -> None:
    assert faults(tmp_path, text) == expected


@pytest.mark.parametrize(
    ("target", "text", "expected"),
    [
        ("nginx=1.22.1", server("http2 on;"), ["unsupported 3:21 http2"]),
        ("nginx=1.25.1", server("http2 on;"), []),
        ("nginx=1.25", server("http2 on;"), ["unsupported? 3:21 http2"]),
        ("", server("http2 on;") + "\n", ["unsupported? 3:21 http2"]),
        ("", server("http2 on; http3 on;"), ["unsupported? 3:21 http2", "unsupported? 3:31 http3"]),
        ("", server("keepalive_requests 5;"), []),
        ("nginx=1.22.1", server("ssl on;"), []),
        ("nginx=1.25.1", server("ssl on;"), ["unsupported 3:21 ssl"]),
        ("nginx=1.22.1", http("upstream a { server b:1; sticky cookie c; }"), []),
        (
            "nginx=1.22.1",
            http("upstream a { server b:1; keepalive 2 local; }"),
            ["miscounted 3:26 keepalive"],
        ),
        ("", http("upstream a { server b:1; keepalive 2 local; }"), []),
    ],
)
def test_the_release_counts(target: str, text: str, expected: list[str], tmp_path: Path) -> None:
    assert faults(tmp_path, text, target) == expected


def test_a_doubt_about_the_release_is_told_once_a_directive(tmp_path: Path) -> None:
    text = http("server { http2 on; }\nserver { http2 on; }")
    assert faults(tmp_path, text, "") == ["unsupported? 3:10 http2"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("server { listen 80 bind; } server { listen *:80 bind; }", ["listen_clash 3:44 *:80"]),
        ("server { listen 80 bind; } server { listen 80; }", []),
        ("server { listen 80 default; } server { listen 80 default_server; }", ["listen_clash 3:47 80"]),
        ("server { listen 80; listen 0.0.0.0:80; }", ["listen_clash 3:28 0.0.0.0:80"]),
        ("server { listen 80 bind; } server { listen [::]:80 bind; }", []),
        ("server { listen unix:/a bind; } server { listen unix:/a bind; }", ["listen_clash 3:49 unix:/a"]),
        ("upstream a { server b:1; } upstream A { server b:1; }", ["name_clash 3:37 A"]),
        ("server { location /a {} location ^~ /a {} }", ["name_clash 3:37 /a"]),
        ("server { location =/a {} location = /a {} }", ["name_clash 3:37 /a"]),
        ("server { location /a {} location = /a {} location ~ a {} location ~ a {} }", []),
        ("server { location @a {} location /b { location /b {} location /b {} } }", ["name_clash 3:63 /b"]),
        ("server { location /a {} } server { location /a {} }", []),
    ],
)
def test_clashes(text: str, expected: list[str], tmp_path: Path) -> None:
    assert faults(tmp_path, http(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("access_log /a main; log_format main x;", ["undefined 3:15 main"]),
        ("log_format main x; access_log /a main; access_log /b combined; access_log off;", []),
        ("server { location / { limit_req zone=a burst=5; } }", ["undefined 3:33 zone=a"]),
        ("limit_req zone=a; limit_req_zone $uri zone=a:1m rate=1r/s;", []),
        ("limit_conn a 5;", ["undefined 3:12 a"]),
        ("limit_conn a 5; limit_conn_zone $uri zone=a:1m;", []),
        ("proxy_cache a; fastcgi_cache off;", ["undefined 3:13 a"]),
        ("proxy_cache a; proxy_cache_path /c keys_zone=a:1m;", []),
        ("server { location / { fastcgi_pass php; } }", ["undefined 3:36 php"]),
        ("server { location / { fastcgi_pass $arg_a; } location /b { fastcgi_pass unix:/a; } }", []),
        ("upstream php { server a:1; } server { location / { fastcgi_pass PHP; } }", []),
        ("include /elsewhere/*.conf; limit_conn a 5;", []),
    ],
)
def test_names_that_are_not_defined(text: str, expected: list[str], tmp_path: Path) -> None:
    assert faults(tmp_path, http(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("listen 80;\nserver_name a;\n", []),
        ("listen 80;\nserver_name a;\nlimit_conn none 5;\n", []),
        ("location / { listen 80; }\n", ["misplaced 1:14 listen"]),
        ("server { listen 80; worker_processes 1; }\n", ["misplaced 1:21 worker_processes"]),
        ("# fpmtune: context stream,server\nlisten 80;\nproxy_pass a:1;\n", []),
        ("# fpmtune: context server\nlisten 80;\nworker_processes 1;\n", ["misplaced 3:1 worker_processes"]),
        ("# fpmtune: context location\nlisten 80;\n", ["misplaced 2:1 listen"]),
        ("# fpmtune: context http,server,if\nlisten 80;\nreturn 403;\n", ["misplaced 2:1 listen"]),
        ("listen 80;\nworker_processes 1;\nserver_name a;\n", []),
    ],
)
def test_files_without_their_main_file(text: str, expected: list[str], tmp_path: Path) -> None:
    assert faults(tmp_path, text, name="nginx/site.conf") == expected


def test_a_context_that_nginx_does_not_have_is_told(tmp_path: Path) -> None:
    stack = stack_of(tmp_path, {"nginx/a.conf": "# fpmtune: context sever\nlisten 80;\nserver_name a;\n"})
    assert [(p.severity, p.place.span.start) for p in stack.problems] == [("warning", 0)]


@pytest.mark.parametrize(
    ("name", "extra"),
    [("nginx.conf.j2", ""), ("nginx.conf", "# {{ ansible_managed }}\n")],
)
def test_a_template_is_not_judged(name: str, extra: str, tmp_path: Path) -> None:
    assert faults(tmp_path, extra + http("listen 80;\nroot a b;\nroot c;"), name=name) == []


def test_a_snippet_is_told_once(tmp_path: Path) -> None:
    files = {
        "nginx.conf": http("server { listen 80; include a.conf; } server { listen 81; include a.conf; }"),
        "a.conf": "root a b;\n",
    }
    (fault,) = stack_of(tmp_path, files).directive_faults
    assert fault.entity.startswith("root:")
    assert "1" in fault.words
