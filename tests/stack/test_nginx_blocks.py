"""nginx's includes: in place, once a place, and what becomes of files without a main file."""

from pathlib import Path

from tests.trees import stack_of, stacks_of, write_tree
from tuner.stack.model import Stack

MAIN = "etc/nginx/nginx.conf"
SERVER = "server { listen 80; location / { %s fastcgi_pass 127.0.0.1:9000; } }\n"


def main(inside: str) -> str:
    return f"events {{}}\nhttp {{\n{inside}\n}}\n"


def problems(stack: Stack) -> list[tuple[str, str]]:
    return [(problem.kind, problem.severity) for problem in stack.problems]


def test_a_relative_include_starts_at_the_main_files_folder(tmp_path: Path) -> None:
    files = {
        MAIN: main("include conf.d/*.conf;"),
        "etc/nginx/conf.d/a.conf": "include snippets/s;\n",
        "etc/nginx/snippets/s": SERVER % "",
        "etc/nginx/conf.d/snippets/s": SERVER % "" + SERVER % "",
    }
    stack = stack_of(tmp_path, files)
    assert [len(stack.locations), stack.problems] == [1, []]


def test_an_include_stands_where_it_is_written(tmp_path: Path) -> None:
    files = {
        MAIN: main(SERVER % "include timeouts;"),
        "etc/nginx/timeouts": "fastcgi_read_timeout 7;\n",
    }
    (location,) = stack_of(tmp_path, files).locations
    assert location.fastcgi_read_timeout.data == 7
    assert str(location.fastcgi_read_timeout.origin).endswith("timeouts:1")


def test_a_snippet_counts_in_every_place_it_is_included(tmp_path: Path) -> None:
    http = (
        "fastcgi_read_timeout 10;\n"
        "server { listen 80; include php; }\n"
        "server { listen 81; fastcgi_read_timeout 20; include php; }\n"
        "server { listen 82; fastcgi_read_timeout 30; location /a { include inner; } }\n"
    )
    files = {
        MAIN: main(http),
        "etc/nginx/php": "location ~ \\.php$ { include inner; }\n",
        "etc/nginx/inner": "fastcgi_pass 127.0.0.1:9000;\n",
    }
    stack = stack_of(tmp_path, files)
    found = [(loc.listeners[0].address, loc.fastcgi_read_timeout.data) for loc in stack.locations]
    assert found == [("0.0.0.0:80", 10), ("0.0.0.0:81", 20), ("0.0.0.0:82", 30)]


def test_a_linked_site_is_loaded_once(tmp_path: Path) -> None:
    write_tree(
        tmp_path,
        {MAIN: main("include sites-enabled/*;"), "etc/nginx/sites-available/a": SERVER % ""},
    )
    (tmp_path / "etc/nginx/sites-enabled").mkdir()
    (tmp_path / "etc/nginx/sites-enabled/a").symlink_to("/etc/nginx/sites-available/a")
    (stack,) = stacks_of(tmp_path)
    assert (len(stack.locations), stack.not_in_effect, stack.problems) == (1, [], [])


def test_a_site_that_is_not_enabled_is_not_in_effect(tmp_path: Path) -> None:
    files = {
        MAIN: main("include sites-enabled/*;"),
        "etc/nginx/sites-available/off": SERVER % "",
        "etc/nginx/sites-enabled/on": SERVER % "",
    }
    stack = stack_of(tmp_path, files)
    assert len(stack.locations) == 1
    assert stack.not_in_effect == [f"{tmp_path}/etc/nginx/sites-available/off"]


def test_a_literal_include_must_exist_and_a_glob_need_not(tmp_path: Path) -> None:
    stack = stack_of(tmp_path, {MAIN: main("include none.conf;\ninclude none*.conf;")})
    assert problems(stack) == [("include-missing", "error")]


def test_an_include_out_of_the_given_paths_is_said_and_is_no_problem(tmp_path: Path) -> None:
    stack = stack_of(tmp_path, {MAIN: main("include /srv/sites/*.conf;\ninclude $x;")})
    assert stack.problems == []
    assert [item.target for item in stack.not_followed] == ["/srv/sites/*.conf", "$x"]


def test_a_file_that_includes_itself_is_a_loop(tmp_path: Path) -> None:
    files = {MAIN: main("include a.conf;"), "etc/nginx/a.conf": "include b.conf;\n" + SERVER % ""}
    files["etc/nginx/b.conf"] = "include a.conf;\n"
    stack = stack_of(tmp_path, files)
    assert problems(stack) == [("include-loop", "error")]
    assert len(stack.locations) == 1


def test_includes_that_multiply_end(tmp_path: Path) -> None:
    files = {MAIN: main("include 0.conf;")}
    for number in range(20):
        files[f"etc/nginx/{number}.conf"] = f"include {number + 1}.conf;\n" * 2
    files["etc/nginx/20.conf"] = "sendfile on;\n"
    assert ("include-loop", "error") in problems(stack_of(tmp_path, files))


def test_a_fragment_may_be_a_server_or_the_inside_of_one(tmp_path: Path) -> None:
    inside = "listen 80;\nserver_name x;\nlocation / { fastcgi_pass 127.0.0.1:9000; }\n"
    stack = stack_of(tmp_path, {"site.nginx.conf": inside})
    assert [loc.server for loc in stack.locations] == ["x"]
    assert [listener.address for listener in stack.listeners] == ["0.0.0.0:80"]


def test_a_fragment_of_a_location_has_no_server(tmp_path: Path) -> None:
    stack = stack_of(
        tmp_path, {"nginx/snippets/php.conf": "fastcgi_pass 127.0.0.1:9000;\nfastcgi_index x;\n"}
    )
    (location,) = stack.locations
    assert (location.server, location.path, location.listeners) == ("", "(included into a location)", [])


def test_a_main_file_among_fragments_leaves_them_out_unless_something_was_not_followed(
    tmp_path: Path,
) -> None:
    fragment = {"etc/nginx/old/site.conf": SERVER % ""}
    whole = stack_of(tmp_path / "1", {MAIN: main(SERVER % ""), **fragment})
    assert (len(whole.locations), len(whole.not_in_effect)) == (1, 1)
    open_ended = stack_of(tmp_path / "2", {MAIN: main("include /srv/*.conf;\n" + SERVER % ""), **fragment})
    assert (len(open_ended.locations), len(open_ended.not_in_effect)) == (2, 0)
