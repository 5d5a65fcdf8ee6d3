"""Files that are broken or no configuration at all: a finding with a place, and the rest is still checked."""

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from program import BAD_LISTEN, POOL, Ran, fpmtune

from tests.trees import write_tree
from tuner.source.tree import SIZE_CAP_BYTES


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with one finding of its own, QUE003, that no hostile neighbour may hide."""
    write_tree(tmp_path, {"nginx/sites-enabled/shop.conf": BAD_LISTEN, "php-fpm.d/www.conf": POOL})
    return tmp_path


def check_json(*arguments: str | bytes | Path, without_override: bool = False) -> Ran:
    return fpmtune("check", "--format", "json", *arguments, without_override=without_override)


def place_of(ran: Ran, rule: str) -> tuple[str, int, int]:
    (finding,) = (f for f in ran.report["findings"] if f["rule"] == rule)
    first = finding["locations"][0]
    return Path(first["path"]).name, first["line"], first["column"]


def is_reported_beside_the_rest(ran: Ran, rule: str) -> bool:
    return ran.status == 1 and sorted(set(ran.rules)) == sorted({rule, "QUE003"})


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


@pytest.mark.parametrize(("make", "kind"), [(make_fifo, "FIFO"), (make_socket, "socket")])
def test_only_regular_files_are_opened(tree: Path, make: object, kind: str) -> None:
    odd = tree / "php-fpm.d/zz.conf"
    assert callable(make)
    make(odd)
    in_folder, by_name = check_json(tree), check_json(odd, tree)
    for ran in (in_folder, by_name):
        assert is_reported_beside_the_rest(ran, "CFG002")
        assert place_of(ran, "CFG002") == ("zz.conf", 1, 1)
        assert f"a {kind}" in ran.out


def test_device_given_by_name_is_not_read() -> None:
    ran = fpmtune("check", "/dev/zero", "--as", "nginx")
    assert ran.status == 1
    assert "not a regular file but a device" in ran.out


def test_unreadable_file_and_folder(tree: Path) -> None:
    (tree / "php-fpm.d/www.conf").chmod(0)
    for closed in ("closed", "php-fpm.d/pool.d"):
        (tree / closed).mkdir(mode=0)
    ran = check_json(tree, without_override=True)
    assert is_reported_beside_the_rest(ran, "CFG002")
    paths = [f["locations"][0]["path"] for f in ran.report["findings"] if f["rule"] == "CFG002"]
    assert sorted(paths) == [f"{tree}/php-fpm.d/{name}" for name in ("pool.d", "www.conf")]


def test_closed_folder_is_told_once(tree: Path) -> None:
    """In a finding where it hides configuration or was asked for, in the footer otherwise."""
    for closed in ("ssl", "redis"):
        (tree / closed).mkdir(mode=0)
    ran = fpmtune("check", tree, without_override=True)
    reason = "cannot list this folder: Permission denied"
    assert [line for line in ran.out.splitlines() if reason in line] == [
        f"error[CFG002] unreadable-file: {reason}",
        f"skipped ({reason}): {tree}/ssl",
    ]
    assert ran.out.count(f"{tree}/redis") == 1
    named = fpmtune("check", tree / "ssl", without_override=True)
    assert (named.status, named.out.count(f"{tree}/ssl:1:1")) == (1, 1)


def test_closed_folder_is_known_by_where_it_lies(tree: Path) -> None:
    (tree / "nginx/conf.d").mkdir(mode=0)
    ran = fpmtune("check", "--format", "json", ".", cwd=tree / "nginx", without_override=True)
    assert is_reported_beside_the_rest(ran, "CFG002")


def test_folder_that_nobody_asked_about_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "private").mkdir(mode=0)
    assert check_json(tmp_path, without_override=True).status == 3


def test_binary_file(tree: Path) -> None:
    (tree / "php-fpm.d/zz.conf").write_bytes(b"[www]\n\0\1\2")
    ran = check_json(tree)
    assert is_reported_beside_the_rest(ran, "CFG002")
    assert "a binary file (NUL at byte 6)" in ran.out


def test_file_beyond_the_cap_is_not_read(tree: Path) -> None:
    with (tree / "php-fpm.d/zz.conf").open("wb") as file:
        file.truncate(40 * 2**20)
    assert SIZE_CAP_BYTES < 40 * 2**20
    ran = check_json(tree)
    assert is_reported_beside_the_rest(ran, "CFG002")
    assert "larger than 32 MiB" in ran.out


def test_large_valid_file_is_read(tree: Path) -> None:
    filler = "; " + "x" * 1021 + "\n"
    write_tree(tree, {"php-fpm.d/zz.conf": filler * 20 * 1024 + "[zz]\nlisten.backlog = 1 # one\n"})
    ran = check_json(tree, "--select", "FPM001,QUE003", "--target", "debian-12")
    assert is_reported_beside_the_rest(ran, "FPM001")
    assert place_of(ran, "FPM001")[1] == 20 * 1024 + 2


def test_empty_file_and_comments_only(tree: Path) -> None:
    write_tree(
        tree, {"php-fpm.d/empty.conf": "", "php-fpm.d/blank.conf": " \n\t\n", "php-fpm.d/c.conf": "; no\n"}
    )
    ran = check_json(tree)
    assert is_reported_beside_the_rest(ran, "CFG003")
    empty = [Path(f["locations"][0]["path"]).name for f in ran.report["findings"] if f["rule"] == "CFG003"]
    assert sorted(empty) == ["blank.conf", "empty.conf"]


@pytest.mark.parametrize(
    ("comment", "columns"),
    [("é è".encode("latin-1"), 3), ("\u6570\u636e".encode("gbk"), 4), ("\u6570\u636e".encode(), 2)],
)
def test_columns_count_characters_and_stray_bytes(tmp_path: Path, comment: bytes, columns: int) -> None:
    (tmp_path / "nginx.conf").write_bytes(
        b"events {}\nhttp { server { set $a '" + comment + b"'; listen 80 backlog=0; } }\n"
    )
    ran = check_json(tmp_path)
    assert ran.out.isascii()
    before = len("http { server { set $a ''; listen 80 backlog=")
    assert place_of(ran, "QUE003") == ("nginx.conf", 2, before + columns + 1)
    assert fpmtune("check", tmp_path).status == 1


def test_byte_order_mark(tmp_path: Path) -> None:
    write_tree(tmp_path, {"sysctl.d/a.conf": "\ufeffnet.core.somaxconn = 128\n", "php-fpm.d/www.conf": POOL})
    ran = fpmtune("check", tmp_path)
    assert ran.status in (0, 1)
    assert "read 2 files" in ran.out


def test_crlf_keeps_the_places(tmp_path: Path) -> None:
    text = POOL + "listen.backlog = 65535\n"
    for name, content in (("lf", text), ("crlf", text.replace("\n", "\r\n"))):
        write_tree(
            tmp_path / name, {"php-fpm.d/www.conf": content, "sysctl.d/a.conf": "net.core.somaxconn = 4096\n"}
        )
    with_lf, with_crlf = (check_json(tmp_path / name, "--select", "QUE001") for name in ("lf", "crlf"))
    assert place_of(with_lf, "QUE001") == place_of(with_crlf, "QUE001") == ("www.conf", 6, 18)


def test_carriage_returns_alone(tree: Path) -> None:
    write_tree(tree, {"php-fpm.d/zz.conf": "[a]\rlisten = 9000\rpm = static\r"})
    assert "QUE003" in check_json(tree).rules


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("nginx/zz.conf", "server {\n listen 81;\n location / {\n}\n"),
        ("nginx/zz.conf", "server { listen 81; }\n}\n"),
        ("nginx/zz.conf", "server {\n listen 81;\n set $a 'open;\n}\n"),
        ("nginx/zz.conf", "server { listen 81; ;;;; }\n"),
        ("redis.conf", 'port 6379\nrequirepass "open\n'),
        ("php-fpm.d/zz.conf", "[open\nlisten = 9000\n"),
        ("php-fpm.d/zz.conf", "[zz]\nlisten = 9000\n= 3\n"),
        ("php-fpm.d/zz.conf", '[zz]\nlisten = "9000\n'),
    ],
)
def test_broken_file_is_an_error_with_a_place(tree: Path, name: str, content: str) -> None:
    write_tree(tree, {name: content})
    ran = check_json(tree)
    assert ran.status == 1
    assert {"CFG001", "QUE003"} <= set(ran.rules)
    assert place_of(ran, "CFG001")[0] == Path(name).name


def test_blocks_nested_without_end(tree: Path) -> None:
    depth = 5000
    write_tree(tree, {"nginx/zz.conf": "server { listen 81;" + "location / {" * depth + "}" * depth + "}\n"})
    ran = check_json(tree)
    assert {"CFG001", "QUE003"} <= set(ran.rules)
    assert "nest deeper" in ran.out


def test_many_listens_of_one_server(tmp_path: Path) -> None:
    lines = "listen 80;\n" * 19_999 + "listen 81 backlog=0;\n"
    write_tree(tmp_path, {"nginx.conf": "events {}\nhttp { server {\n" + lines + "} }\n"})
    assert place_of(check_json(tmp_path), "QUE003") == ("nginx.conf", 20_002, len("listen 81 backlog=") + 1)


@pytest.mark.parametrize("name", ["nginx.conf", "redis.conf", "php-fpm.d/zz.conf", "sysctl.d/zz.conf"])
@pytest.mark.parametrize("piece", ["x", '"', "{", "="])
def test_line_of_a_megabyte(tmp_path: Path, name: str, piece: str) -> None:
    write_tree(tmp_path, {name: piece * (2**20 // len(piece)) + "\n"})
    kind = {"n": "nginx", "r": "redis", "p": "php-fpm", "s": "sysctl"}[name[0]]
    ran = fpmtune("check", tmp_path / name, "--as", kind)
    assert ran.status in (0, 1)
    assert max(map(len, ran.out.splitlines())) < 2000


def test_tree_of_three_thousand_files(tmp_path: Path) -> None:
    site = "server {{ listen 80; server_name s{0}.example; include snippets/*.conf; }}\n"
    write_tree(tmp_path, {f"etc/nginx/sites-enabled/{n}.conf": site.format(n) for n in range(2997)})
    write_tree(
        tmp_path,
        {
            "etc/nginx/nginx.conf": "events {}\nhttp { include sites-enabled/*.conf; }\n",
            "etc/nginx/snippets/a.conf": "index index.php;\n",
            "etc/nginx/snippets/b.conf": "listen 81 backlog=0;\n",
        },
    )
    ran = check_json(tmp_path)
    assert ran.report["summary"]["files"] == 3000
    assert set(ran.rules) == {"QUE003", "NGX008"}


@pytest.fixture
def abyss(tmp_path: Path) -> Iterator[Path]:
    """A folder nested deeper than Python's functions may call each other, pytest's own clean-up included."""
    folder = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=folder)
        below = os.open("d", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = below
    os.close(folder)
    yield tmp_path
    subprocess.run(["rm", "-rf", tmp_path / "d"], check=True)


def test_folders_nested_deeper_than_python_recurses(abyss: Path) -> None:
    write_tree(abyss, {"php-fpm.d/www.conf": POOL})
    assert fpmtune("check", abyss).status == 0


@pytest.mark.parametrize(
    "name",
    [
        b"a\nb.conf",
        b"a\x1b[31mb.conf",
        "a\u202eb.conf".encode(),
        b"a\xffb.conf",
        b"a\rb.conf",
        b"a'\"b.conf",
        b"-q.conf",
    ],
)
def test_odd_file_names(tmp_path: Path, name: bytes) -> None:
    folder = tmp_path / "sites-enabled"
    folder.mkdir()
    path = os.path.join(os.fsencode(folder), name)
    with open(path, "wb") as file:
        file.write(BAD_LISTEN.encode())
    text, as_json = fpmtune("check", tmp_path, path), check_json(tmp_path)
    assert text.status == as_json.status == 1
    assert all(char.isprintable() or char == "\n" for char in text.out)
    assert as_json.out.isascii()
    given = os.fsencode(as_json.report["findings"][0]["locations"][0]["path"])
    assert given == path


def test_control_characters_of_contents_are_escaped(tmp_path: Path) -> None:
    write_tree(
        tmp_path,
        {"nginx.conf": "events {}\nhttp { server { listen 80 backlog=0\x1b]0;x\x07\u202e\x9b; } }\n"},
    )
    for verb in ("check", "show"):
        ran = fpmtune(verb, tmp_path)
        assert all(char.isprintable() or char == "\n" for char in ran.out)


def test_thousands_of_sysctl_keys_end_in_time(tmp_path: Path) -> None:
    lines = (f"net.ipv4.conf.eth{number}.rp_filter = 1\n" for number in range(12_000))
    write_tree(tmp_path, {"etc/sysctl.d/60-interfaces.conf": "".join(lines)})
    assert fpmtune("check", tmp_path).status == 0
