"""What needs more than the table of directives, beside nginx itself: both refuse it, or both take it."""

from pathlib import Path

import pytest

from tests.conformance.nginx_program import Answer, asked, version
from tests.stack.test_nginx_faults import faults

needs_nginx = pytest.mark.skipif(not version(), reason="no nginx is installed here")

AS_THE_TEST_RUNS = "127.0.0.1:18091"


def site(inside: str, beside: str = "") -> str:
    return f"events {{}}\nhttp {{\n{beside}\nserver {{ listen {AS_THE_TEST_RUNS}; {inside} }}\n}}\n"


def fault_kinds(text: str, folder: Path) -> list[str]:
    """Return the kind and line of each fault, as `KIND LINE`."""
    return sorted({told.partition(":")[0] for told in faults(folder, text, f"nginx={version() or '1.22.1'}")})


CONDITIONS_REFUSED = {
    "if a {}": 'invalid condition "a"',
    "if ( {}": 'invalid condition "("',
    "if () {}": "invalid condition",
    "if ( ) {}": "invalid condition",
    "if (a) {}": 'invalid condition "a"',
    "if ($arg_a {}": "invalid condition",
    "if ($arg_a b) {}": 'invalid condition "$arg_a"',
    "if ($arg_a = b c) {}": 'invalid condition "$arg_a"',
    "if ($arg_a == b) {}": 'unexpected "==" in condition',
    "if ($arg_a = ) {}": 'invalid condition "$arg_a"',
    "if ($) {}": 'invalid condition "$"',
    "if (! $arg_a) {}": 'invalid condition "!"',
    "if (!$arg_a) {}": 'invalid condition "!$arg_a"',
    'if ("$arg_a" = b) {}': "invalid condition",
    "if (-f) {}": 'invalid condition "-f"',
    "if (-g /a) {}": 'invalid condition "-g"',
    "if (!-f /a b) {}": 'invalid condition "!-f"',
    "if ($arg_a = $) {}": "invalid variable name",
    "if ($arg_a = ${a) {}": "the closing bracket",
    "if (-f $document_root$) {}": "invalid variable name",
    "rewrite ^ '';": "empty replacement",
    "rewrite ^ /a now;": 'invalid parameter "now"',
    "rewrite ^ /a$;": "invalid variable name",
    "return a;": 'invalid return code "a"',
    "return 1000;": 'invalid return code "1000"',
    "return -1;": 'invalid return code "-1"',
    "return a 200;": 'invalid return code "a"',
    "return https://a$;": "invalid variable name",
    "return 200 ${a;": "the closing bracket",
    "return 200 a$-b;": "invalid variable name",
    "set a b;": 'invalid variable name "a"',
    "set $ b;": 'invalid variable name "$"',
    "set $a b$;": "invalid variable name",
    "root /a$;": "invalid variable name",
    "add_header a b$;": "invalid variable name",
    "add_header a ${b;": "the closing bracket",
}
CONDITIONS_TAKEN = (
    "if ($arg_a) {}",
    "if ( $arg_a ) {}",
    "if ($arg_a = b) {}",
    "if ($arg_a = '') {}",
    "if ($arg_a = 'b c') {}",
    "if ( $arg_a != b) {}",
    "if ($arg_a ~* ^(a|b)$) {}",
    "if ($arg_a !~ 'a') {}",
    "if ($arg_a !~* a ) {}",
    "if (-f $request_filename) {}",
    "if (!-e $request_filename) {}",
    "if ( !-d /a ) {}",
    "if (-x /a) {}",
    "if ($arg_a = $arg_b) {}",
    "if ($arg_a = ${arg_b}c) {}",
    "rewrite ^ /a last;",
    "rewrite ^/(.*)$ /$1?a=$arg_a? permanent;",
    "rewrite ^ https://a;",
    "return 999;",
    "return 0;",
    "return 200 '';",
    "return 301 https://$host$request_uri;",
    "return $scheme://a;",
    "set $a '';",
    "set $a ${arg_a}b;",
    "root /a$uri;",
    "add_header a$ b;",
    "add_header a ${uri}b;",
)


@pytest.mark.parametrize("text", CONDITIONS_REFUSED)
def test_rewriting_that_nginx_refuses(text: str, tmp_path: Path) -> None:
    refuses(site(text), CONDITIONS_REFUSED[text], "rewriting 4", tmp_path)
    refuses(site(f"location / {{ {text} }}"), CONDITIONS_REFUSED[text], "rewriting 4", tmp_path)


@pytest.mark.parametrize("text", CONDITIONS_TAKEN)
def test_rewriting_that_nginx_takes(text: str, tmp_path: Path) -> None:
    takes(site(f"{text} location / {{ {text} }}"), tmp_path)


AT_ODDS_REFUSED = {
    "location /a { location /b {} }": 'location "/b" is outside location "/a"',
    "location /ab { location /a {} }": "is outside",
    "location = /a { location /a/b {} }": "cannot be inside the exact location",
    "location @a { location /a {} }": "cannot be inside the named location",
    "location /a { location @b {} }": "can be on the server level only",
    "location ~ ^/a { location /a {} }": "is outside",
    "location /a { location = /b {} }": "is outside",
    "location /a { location ^~ /b {} }": "is outside",
    "location ! /a {}": "invalid location modifier",
    "location == /a {}": "invalid location modifier",
    "location /a { root /a; alias /b; }": '"alias" directive is duplicate, "root" directive',
    "location /a { alias /b; root /a; }": '"root" directive is duplicate, "alias" directive',
    "location @a { alias /b; }": "inside the named location",
    "location /a { root $document_root/b; }": "the $document_root variable cannot be used",
    "location /a { alias ${realpath_root}/b; }": "the $realpath_root variable cannot be used",
    "location ~ /a { proxy_pass http://127.0.0.1/; }": '"proxy_pass" cannot have URI part',
    "location ~* /a { proxy_pass http://127.0.0.1/b; }": '"proxy_pass" cannot have URI part',
    "location @a { proxy_pass http://127.0.0.1?b; }": '"proxy_pass" cannot have URI part',
    "location / { if ($arg_a) { proxy_pass HTTP://127.0.0.1/; } }": '"proxy_pass" cannot have URI part',
    "location / { limit_except GET { proxy_pass https://a:1/; } }": '"proxy_pass" cannot have URI part',
    "location ~ /a { proxy_pass http://unix:/a:/; }": '"proxy_pass" cannot have URI part',
    "location ~/a { proxy_pass http://[::1]:80/; }": '"proxy_pass" cannot have URI part',
}
AT_ODDS_TAKEN = (
    "location /a { location /ab {} location ~ b {} location = /a/b {} location ^~ /a/c {} }",
    "location /a { location /a {} }",
    "location ~ ^/a { location ~ b {} }",
    "location ^~ /a { location ~ b { location ~ c {} } }",
    "root /a; location /a { alias /b; }",
    "location / { root /a; if ($arg_a) { root /b; } }",
    "location @a { root /b; }",
    "location /a { root /b$uri; }",
    "location / { proxy_pass http://127.0.0.1/; }",
    "location = /a { proxy_pass http://127.0.0.1/b; }",
    "location ~ /a { proxy_pass http://127.0.0.1; }",
    "location ~ /a { proxy_pass http://127.0.0.1$request_uri; }",
    "location ~ /a { proxy_pass http://unix:/a; }",
    "location ~ /a { proxy_pass http://unix:/a:; }",
    "location ~ /a { proxy_pass http://[::1]:80; }",
    "location / { if ($arg_a) { proxy_pass http://127.0.0.1; } }",
    "location ~ /a { location ~ /b { proxy_pass http://127.0.0.1; } }",
)


@pytest.mark.parametrize("text", AT_ODDS_REFUSED)
def test_directives_at_odds_that_nginx_refuses(text: str, tmp_path: Path) -> None:
    refuses(site(text), AT_ODDS_REFUSED[text], "at_odds 4", tmp_path)


@pytest.mark.parametrize("text", AT_ODDS_TAKEN)
def test_directives_that_go_together(text: str, tmp_path: Path) -> None:
    takes(site(text), tmp_path)


BUSY, LARGER = '_busy_buffers_size" must be less than', '_busy_buffers_size" must be equal to or greater'
BUFFERS_REFUSED = {
    "X_buffers 1 8k;": "there must be at least 2",
    "X_buffers 8 16k; X_buffer_size 128k;": BUSY,
    "X_buffer_size 16k;": BUSY,
    "X_buffers 2 8k;": BUSY,
    "X_buffers 8 16k; X_buffer_size 32k; X_busy_buffers_size 16k;": LARGER,
    "X_buffers 4 16k; X_busy_buffers_size 49k;": BUSY,
    "X_busy_buffers_size 4095;": LARGER,
    "X_temp_file_write_size 4095;": '_temp_file_write_size" must be',
    "X_buffers 8 16k; X_temp_file_write_size 16383;": '_temp_file_write_size" must be',
    "X_buffers 8 16k; X_max_temp_file_size 16383;": '_max_temp_file_size" must be',
}
BUFFERS_TAKEN = (
    "X_buffers 3 8k;",
    "X_buffers 2 8k; X_busy_buffers_size 8k;",
    "X_buffer_size 14k;",
    "X_buffers 8 16k; X_buffer_size 56k;",
    "X_buffers 8 16k; X_buffer_size 112k; X_busy_buffers_size 112k;",
    "X_buffers 4 16k; X_busy_buffers_size 48k;",
    "X_busy_buffers_size 4096;",
    "X_buffers 8 16k; X_temp_file_write_size 16k; X_max_temp_file_size 16k;",
    "X_max_temp_file_size 0;",
)


@pytest.mark.parametrize("text", BUFFERS_REFUSED)
@pytest.mark.parametrize("module", ["fastcgi", "proxy", "uwsgi", "scgi"])
def test_buffers_that_nginx_refuses(text: str, module: str, tmp_path: Path) -> None:
    mine = text.replace("X", module)
    refuses(site(mine), BUFFERS_REFUSED[text], "buffers 4", tmp_path)
    refuses(site("", mine), BUFFERS_REFUSED[text], "buffers 3", tmp_path)
    refuses(site(f"location / {{ {mine} }}"), BUFFERS_REFUSED[text], "buffers 4", tmp_path)


@pytest.mark.parametrize("text", BUFFERS_TAKEN)
def test_buffers_that_nginx_takes(text: str, tmp_path: Path) -> None:
    mine = text.replace("X", "fastcgi")
    takes(site(mine), tmp_path)
    takes(site(f"location / {{ {mine} }}"), tmp_path)


def test_buffers_are_judged_as_they_are_in_force(tmp_path: Path) -> None:
    large = "fastcgi_buffer_size 64k;"
    takes(site("fastcgi_buffers 16 16k;", large), tmp_path)
    takes(f"events {{}}\nhttp {{\n{large}\n}}\n", tmp_path)
    inner = "fastcgi_buffers 16 16k; location / { fastcgi_buffers 8 4k; }"
    refuses(site(inner, large), BUSY, "buffers 3", tmp_path)
    refuses(
        site("location / { fastcgi_buffers 8 4k; }", "fastcgi_busy_buffers_size 64k;"),
        BUSY,
        "buffers 3",
        tmp_path,
    )


SSL = f"listen {AS_THE_TEST_RUNS} ssl;"
REJECTING = f"server {{ {SSL} ssl_reject_handshake on; }}"
NO_CERTIFICATE = 'no "ssl_certificate" is defined'


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("http {\n}\n", 'no "events" section', "lacking 1"),
        ("events {}\nhttp {\nupstream a { }\n}\n", "no servers are inside upstream", "lacking 3"),
        ("events {}\nhttp {\nupstream a { ip_hash; }\n}\n", "no servers are inside upstream", "lacking 3"),
        (f"events {{}}\nhttp {{\nserver {{ {SSL} }}\n}}\n", NO_CERTIFICATE, "lacking 3"),
        (
            f"events {{}}\nhttp {{\n{REJECTING}\nserver {{ {SSL} }}\n}}\n",
            NO_CERTIFICATE,
            "lacking 4",
        ),
    ],
)
def test_what_is_lacking(text: str, words: str, expected: str, tmp_path: Path) -> None:
    refuses(text, words, expected, tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "events {}\n",
        "events {}\nhttp {\nupstream a { server 127.0.0.1:1; }\n}\n",
        f"events {{}}\nhttp {{\nserver {{ {SSL} ssl_reject_handshake on; }}\n}}\n",
        f"events {{}}\nhttp {{\nssl_reject_handshake on; server {{ {SSL} }}\n}}\n",
        f"events {{}}\nhttp {{\n{REJECTING}\n{REJECTING}\n}}\n",
    ],
)
def test_what_is_not_lacking(text: str, tmp_path: Path) -> None:
    takes(text, tmp_path)


ZONE = "limit_req_zone $uri zone=a:1m rate=1r/s;"
NAMES_REFUSED = {
    "log_format a b;\nlog_format a c;": 'duplicate "log_format" name "a"',
    "\nlog_format combined c;": 'duplicate "log_format" name "combined"',
    f"{ZONE}\nlimit_req_zone $host zone=a:1m rate=1r/s;": "is already bound to key",
    f"{ZONE}\nlimit_req_zone $uri zone=a:1m rate=1r/s;": "is already bound to key",
    f"{ZONE}\nlimit_conn_zone $uri zone=a:1m;": "already declared for a different use",
    f"{ZONE}\nfastcgi_cache_path c keys_zone=a:1m;": "already declared for a different use",
    "fastcgi_cache_path c keys_zone=a:1m;\nfastcgi_cache_path d keys_zone=a:1m;": 'duplicate zone "a"',
    f"{ZONE}\nssl_session_cache shared:a:1m;": "already declared for a different use",
    "ssl_session_cache shared:a:1m;\nserver { ssl_session_cache shared:a:2m; }": "conflicts with",
}


@pytest.mark.parametrize("text", NAMES_REFUSED)
def test_names_given_twice(text: str, tmp_path: Path) -> None:
    refuses(f"events {{}}\nhttp {{\n{text}\n}}\n", NAMES_REFUSED[text], "name_clash 4", tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "log_format a b; log_format A b; access_log logs combined;",
        f"{ZONE} limit_req_zone $uri zone=b:1m rate=1r/s; limit_conn_zone $uri zone=c:1m;",
        "ssl_session_cache shared:a:1m; server { ssl_session_cache shared:a:1024k; }",
        "fastcgi_cache_path c keys_zone=a:1m; proxy_cache_path d keys_zone=b:1m;",
    ],
)
def test_names_that_differ(text: str, tmp_path: Path) -> None:
    (tmp_path / "logs").touch()
    takes(f"events {{}}\nhttp {{\n{text}\n}}\n", tmp_path)


VARIABLES_REFUSED = {
    "if ($a) {}": 'unknown "a" variable',
    "if ($a = b) {}": 'unknown "a" variable',
    "set $b $a;": 'unknown "a" variable',
    "return 200 ${a}b;": 'unknown "a" variable',
    "rewrite ^ /$a;": 'unknown "a" variable',
    "add_header a $a;": 'unknown "a" variable',
    "location / { fastcgi_param a $a; }": 'unknown "a" variable',
    "location / { proxy_pass http://$a; }": 'unknown "a" variable',
    "location / { proxy_set_header a $a; proxy_pass http://127.0.0.1; }": 'unknown "a" variable',
    "root /$a;": 'unknown "a" variable',
    "location / { try_files $a /b; }": 'unknown "a" variable',
    "if ($httphost) {}": 'unknown "httphost" variable',
    "location / { limit_req zone=$b; }": "zero size shared memory zone",
    "limit_conn $b 5;": "zero size shared memory zone",
}
VARIABLES_TAKEN = (
    "set $a b; if ($A) {}",
    "if ($arg_a) {} if ($http_b) {} if ($cookie_c) {} if ($sent_http_d) {}",
    "location ~ ^/(?<a>.*)$ { return 200 $a; }",
    "location ~ ^/(?P<a>.*)$ { return 200 $a; }",
    "server_name ~^(?'a'.*)$; return 200 $a;",
    "location / { add_header b $upstream_addr$ssl_protocol$gzip_ratio; }",
    "location / { add_header b $slice_range$invalid_referer$uid_got$secure_link; }",
    "return 200 $realip_remote_addr$tcpinfo_rtt$connections_active$http2$proxy_host;",
)


@pytest.mark.parametrize("text", VARIABLES_REFUSED)
def test_variables_that_nothing_defines(text: str, tmp_path: Path) -> None:
    refuses(site(text), VARIABLES_REFUSED[text], "undefined 4", tmp_path)


@pytest.mark.parametrize("text", VARIABLES_TAKEN)
def test_variables_that_something_defines(text: str, tmp_path: Path) -> None:
    takes(site(text), tmp_path)


@pytest.mark.parametrize(
    "beside",
    [
        "map $uri $a { default 0; }",
        "geo $a { default 0; }",
        "geo $uri $a { default 0; }",
        "split_clients $uri $a { * b; }",
    ],
)
def test_variables_that_http_defines(beside: str, tmp_path: Path) -> None:
    takes(site("if ($a) { return 200 $a; }", beside), tmp_path)


def test_no_variable_is_unknown_where_another_module_or_file_may_define_it(tmp_path: Path) -> None:
    for beside in ("include /elsewhere/*.conf;", "more_set_headers 'a: b';", "lua_package_path /a;"):
        assert fault_kinds(site("if ($a) {}", beside), tmp_path) == []


def test_a_variable_of_a_file_of_debians_package_is_known(tmp_path: Path) -> None:
    inside = "include snippets/fastcgi-php.conf; fastcgi_param PATH_INFO $path_info; fastcgi_pass unix:/a;"
    assert fault_kinds(site(f"location / {{ {inside} }}"), tmp_path) == []


def test_what_is_filled_in_before_nginx_reads_it_is_not_judged(tmp_path: Path) -> None:
    for text in (
        "return 200 ${PHP_HOST};",
        "return 200 $PHP_HOST;",
        "return 200 $@VAR@;",
        "root ${BASE}/x$;",
    ):
        assert fault_kinds(site(text), tmp_path) == []


def refuses(text: str, words: str, expected: str, folder: Path) -> None:
    assert fault_kinds(text, folder) == [expected]
    if version():
        answer = answer_to(text, folder)
        assert words in answer.words, answer


def test_a_map_may_have_patterns(tmp_path: Path) -> None:
    takes(site("", "map $uri $a { hostnames; default $host; ~b$ c; '' \"\"; }"), tmp_path)


def test_texts_with_variables_outside_servers(tmp_path: Path) -> None:
    for text in (
        "map $uri a { default b; }",
        "map $uri $a { ~b$ c$; }",
        "geo a { default b; }",
        "split_clients $uri $ { * b; }",
    ):
        refuses(site("", text), "invalid variable name", "rewriting 3", tmp_path)
    for text in ("log_format a $;", "log_format a ${b;"):
        assert fault_kinds(site("", text), tmp_path) == ["rewriting 3"]
        assert not version() or answer_to(site("", text), tmp_path).line == 3
    for text in (
        "map $$uri $a { default b; }",
        "error_page 404 /a$;",
        "limit_req_zone $ zone=a:1m rate=1r/s;",
        "root $;",
    ):
        refuses(site("", text), "invalid variable name", "rewriting 3", tmp_path)


def takes(text: str, folder: Path) -> None:
    assert fault_kinds(text, folder) == []
    if version():
        assert answer_to(text, folder) == Answer()


def answer_to(text: str, folder: Path) -> Answer:
    return asked(text.encode(), folder)
