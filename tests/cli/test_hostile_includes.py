"""Includes without end, includes that multiply, and links that lead out: said, ended, and never followed."""

import os
from pathlib import Path

import pytest
from program import BAD_LISTEN, Ran, fpmtune

from tests.trees import write_tree

SECRET = "TOP-SECRET-7f3a"


def check_json(*arguments: str | Path, cwd: Path | None = None) -> Ran:
    return fpmtune("check", "--format", "json", *arguments, cwd=cwd)


@pytest.mark.parametrize(
    "files",
    [
        {"nginx.conf": "events {}\nhttp { include nginx.conf; }\n"},
        {"nginx.conf": "events {}\nhttp { include a; }\n", "a": "include b;\n", "b": "include a;\n"},
        {
            "nginx.conf": "events {}\nhttp { include conf.d/*.conf; }\n",
            "conf.d/a.conf": "include conf.d/*.conf;\n",
        },
        {"php-fpm.conf": "[global]\ninclude=ROOT/php-fpm.conf\n"},
        {"php-fpm.conf": "[global]\ninclude=ROOT/a.conf\n", "a.conf": "include=ROOT/*.conf\n"},
        {"redis.conf": "port 1\ninclude ROOT/redis.conf\n"},
        {"redis.conf": "port 1\ninclude ROOT/a.conf\n", "a.conf": "include ROOT/redis.conf\n"},
        {"redis.conf": "port 1\ninclude ROOT/*.conf\n"},
    ],
)
def test_loop_of_includes(tmp_path: Path, files: dict[str, str]) -> None:
    write_tree(tmp_path, {name: text.replace("ROOT", str(tmp_path)) for name, text in files.items()})
    ran = check_json(tmp_path)
    assert ran.status == 1
    assert "CFG006" in ran.rules


@pytest.mark.parametrize(("length", "rules"), [(40, ["QUE003"]), (60, ["CFG006"])])
def test_long_chain_of_includes_is_no_loop(tmp_path: Path, length: int, rules: list[str]) -> None:
    chain = {f"a{n}": f"include a{n + 1};\n" for n in range(length)}
    write_tree(
        tmp_path, {"nginx.conf": "events {}\nhttp { include a0; }\n", **chain, f"a{length}": BAD_LISTEN}
    )
    assert check_json(tmp_path).rules == rules


def nginx_bomb() -> dict[str, str]:
    files = {f"a{n}": f"include a{n + 1};\n" * 2 for n in range(20)}
    return {
        "nginx.conf": "events {}\nhttp { include a0; }\n" + BAD_LISTEN,
        **files,
        "a20": "server { listen 90; }\n",
    }


def php_fpm_bomb() -> dict[str, str]:
    files = {f"a{n}.conf": f"include=ROOT/a{n + 1}.conf\n" * 60 for n in range(3)}
    return {
        "php-fpm.conf": "[global]\ninclude=ROOT/a0.conf\n",
        **files,
        "a3.conf": "php_admin_flag[x] = on\n",
    }


def redis_bomb() -> dict[str, str]:
    files = {f"a{n}.conf": f"include ROOT/a{n + 1}.conf\n" * 2 for n in range(20)}
    return {"redis.conf": "port 1\ninclude ROOT/a0.conf\n", **files, "a20.conf": "maxmemory 1gb\n"}


def missing_bomb() -> dict[str, str]:
    files = {f"a{n}.conf": f"include=ROOT/a{n + 1}.conf\n" * 60 for n in range(4)}
    return {"php-fpm.conf": "[global]\ninclude=ROOT/a0.conf\n", **files}


def bomb_of_large_files() -> dict[str, str]:
    files = {"a": "include b;\n" * 3000, "b": "# " + "x" * 99_998 + "\n"}
    return {"nginx.conf": "events {}\nhttp { include a; }\n", **files}


@pytest.mark.parametrize("bomb", [nginx_bomb, php_fpm_bomb, redis_bomb, missing_bomb, bomb_of_large_files])
def test_includes_that_multiply_end_quickly(tmp_path: Path, bomb: object) -> None:
    assert callable(bomb)
    write_tree(tmp_path, {name: text.replace("ROOT", str(tmp_path)) for name, text in bomb().items()})
    ran = check_json(tmp_path)
    assert ran.status == 1
    assert ran.rules.count("CFG006") == 1
    assert "includes multiply" in ran.out


def test_blocks_and_includes_together_are_not_too_deep(tmp_path: Path) -> None:
    files = {f"a{n}": "location / {" * 95 + f"include a{n + 1};" + "}" * 95 for n in range(20)}
    write_tree(tmp_path, {"nginx.conf": "events {}\nhttp { server { include a0; } }\n", **files})
    ran = check_json(tmp_path)
    assert "CFG006" in ran.rules


def link(path: Path, target: str | Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    os.symlink(target, path)


def test_loops_of_links(tmp_path: Path) -> None:
    write_tree(tmp_path, {"nginx/sites-enabled/shop.conf": BAD_LISTEN})
    link(tmp_path / "php-fpm.d/a.conf", "b.conf")
    link(tmp_path / "php-fpm.d/b.conf", "a.conf")
    link(tmp_path / "nginx/sites-enabled/up", "..")
    link(tmp_path / "php-fpm.d/self.conf", "self.conf")
    ran = check_json(tmp_path)
    assert ran.status == 1
    assert ran.rules.count("QUE003") == 1
    assert "a link that leads back to itself" in ran.out


def test_dangling_link(tmp_path: Path) -> None:
    write_tree(tmp_path, {"nginx.conf": "events {}\nhttp {\n include a.conf;\n" + BAD_LISTEN + "}\n"})
    link(tmp_path / "a.conf", "nowhere.conf")
    ran = check_json(tmp_path)
    assert set(ran.rules) == {"CFG002", "QUE003"}
    assert "a link that leads to a file that does not exist" in ran.out


@pytest.fixture
def leaky(tmp_path: Path) -> Path:
    """A project with links to a file and a folder outside it, each named by an include."""
    project = tmp_path / "project"
    site = f"server {{ listen 80 backlog={SECRET}; }} # {SECRET}\n"
    write_tree(
        tmp_path, {"outside/site.conf": site, "outside/pool.conf": f"[{SECRET}]\nlisten = {SECRET}\n#x\n"}
    )
    outside, pools, sites = tmp_path / "outside", project / "pool.d", project / "conf.d"
    write_tree(
        project,
        {
            "nginx.conf": "events {}\nhttp {\n include conf.d/site.conf;\n include conf.d/*.conf;\n"
            f" include folder/site.conf;\n include folder/*;\n include {outside}/site.conf;\n"
            f" include {outside}/*.conf;\n include /srv/conf.d/site.conf;\n"
            " include ../outside/site.conf;\n}\n",
            "php-fpm.conf": f"[global]\ninclude={pools}/*.conf\ninclude={pools}/pool.conf\n",
            "redis.conf": f"port 1\ninclude {sites}/site.conf\ninclude {sites}/*.conf\n",
        },
    )
    link(project / "conf.d/site.conf", outside / "site.conf")
    link(project / "pool.d/pool.conf", "../../outside/pool.conf")
    link(project / "folder", outside)
    return project


@pytest.mark.parametrize("more", [(), ("--root", ".=/srv"), ("--root", "conf.d=/srv/conf.d")])
@pytest.mark.parametrize("verb", ["check", "show"])
@pytest.mark.parametrize("form", ["text", "json"])
def test_link_out_of_the_tree_is_never_opened(
    leaky: Path, verb: str, form: str, more: tuple[str, ...]
) -> None:
    ran = fpmtune(verb, "--format", form, *more, cwd=leaky)
    assert SECRET not in ran.out + ran.err
    assert ran.status == 0


def test_link_out_of_the_tree_is_named(leaky: Path) -> None:
    ran = fpmtune("check", "-v", cwd=leaky)
    assert "conf.d/site.conf (nginx.conf:4): a link out of the given paths" in ran.out
    assert "conf.d/site.conf (nginx.conf:3): outside the given paths" in ran.out
    assert "does not start" not in ran.out


def test_link_is_followed_where_the_command_line_says_so(leaky: Path) -> None:
    ran = fpmtune("check", "--root", "../outside=/mnt", cwd=leaky)
    assert SECRET in ran.out


def test_link_inside_the_tree_leads_to_a_file_of_any_name(tmp_path: Path) -> None:
    write_tree(
        tmp_path,
        {
            "nginx.conf": "events {}\nhttp {\n include a.conf; include b.conf;\n}\n",
            "real/site.txt": BAD_LISTEN,
        },
    )
    link(tmp_path / "a.conf", "real/site.txt")
    link(tmp_path / "b.conf", "real/site.txt")
    ran = check_json(tmp_path)
    assert ran.rules == ["NGX008", "QUE003"]
    assert sorted(Path(file["path"]).name for file in ran.report["files"]) == ["nginx.conf", "site.txt"]


def test_include_of_a_fifo(tmp_path: Path) -> None:
    write_tree(tmp_path, {"nginx.conf": "events {}\nhttp {\n include pipe;\n" + BAD_LISTEN + "}\n"})
    os.mkfifo(tmp_path / "pipe")
    ran = check_json(tmp_path)
    assert set(ran.rules) == {"CFG002", "QUE003"}


@pytest.mark.parametrize(
    "name",
    ["x" * 300, "d/" * 2000 + "x", "[", "[!]", "[z-a]", "**/*", "*" * 500, "..", "/", "//"],
)
def test_odd_names_in_includes(tmp_path: Path, name: str) -> None:
    includes = f"include {name};\ninclude {tmp_path}/{name};\n"
    write_tree(
        tmp_path,
        {
            "nginx.conf": f"events {{}}\nhttp {{\n{BAD_LISTEN}{includes}}}\n",
            "php-fpm.conf": f"[global]\ninclude={tmp_path}/{name}\n",
            "redis.conf": f"port 1\ninclude {tmp_path}/{name}\n",
        },
    )
    assert "QUE003" in check_json(tmp_path).rules


def test_root_makes_absolute_includes_followed(tmp_path: Path) -> None:
    write_tree(
        tmp_path,
        {"nginx/nginx.conf": "events {}\nhttp { include /etc/nginx/a.conf; }\n", "nginx/a.conf": BAD_LISTEN},
    )
    plain = fpmtune("check", "nginx/nginx.conf", cwd=tmp_path)
    mapped = fpmtune("check", "nginx/nginx.conf", "--root", "nginx=/etc/nginx", cwd=tmp_path)
    assert (plain.status, mapped.status) == (0, 1)
    assert "/etc/nginx/a.conf (nginx/nginx.conf:2): outside the given paths" in plain.out
    assert "--> nginx/a.conf:1:" in mapped.out


def test_an_include_through_a_link_that_cannot_be_resolved(tmp_path: Path) -> None:
    files = {"nginx/nginx.conf": "events {}\nhttp {\n include closed/a.conf;\n" + BAD_LISTEN + "}\n"}
    write_tree(tmp_path, files)
    link(tmp_path / "nginx/closed", "/proc/1/cwd")
    ran = fpmtune("check", tmp_path, without_override=True)
    assert ran.status == 1
    assert "closed/a.conf (nginx/nginx.conf:3): outside the given paths" in ran.out.replace(
        f"{tmp_path}/", ""
    )


@pytest.mark.parametrize("path", ["/proc/1/cwd/fpmtune.conf", "/proc/1/exe"])
def test_a_path_through_a_link_that_cannot_be_resolved(path: str) -> None:
    ran = fpmtune("check", path, without_override=True)
    assert ran.status != 0
    assert path in ran.out + ran.err
