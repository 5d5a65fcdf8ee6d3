"""What `nginx -T` prints is cut into the files that nginx loaded, with places in the dump."""

from pathlib import Path

import pytest

from tests.trees import stack_of
from tuner.formats.nginx_dump import is_dump
from tuner.formats.recognise import recognise
from tuner.stack.model import Stack

TESTED = (
    "nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\n"
    "nginx: configuration file /etc/nginx/nginx.conf test is successful\n"
)
MAIN = """\
# configuration file /etc/nginx/nginx.conf:
events {}
http {
    include mime.types;
    include /etc/nginx/conf.d/*.conf;
    include sites-enabled/*;
}

# configuration file /etc/nginx/mime.types:
types { text/html html; }

"""
SITE = """\
# configuration file /etc/nginx/conf.d/shop.conf:
server {
    listen 80 backlog=70000;
    location / { fastcgi_pass unix:/run/php/www.sock; }
}

"""
DUMP = TESTED + MAIN + SITE


def stack(root: Path, dump: str) -> Stack:
    return stack_of(root, {"dump.conf": dump})


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (MAIN.encode(), True),
        (DUMP.encode(), True),
        (TESTED.encode(), False),
        (b"# configuration of nginx\n" + MAIN.encode(), False),
        (b"", False),
    ],
)
def test_a_dump_is_known_by_its_beginning(data: bytes, expected: bool) -> None:
    assert is_dump(data) == expected
    assert not expected or recognise("any.txt", data) == "nginx"


@pytest.mark.parametrize("before", ["", TESTED])
def test_places_are_those_of_the_dump(before: str, tmp_path: Path) -> None:
    found = stack(tmp_path, before + MAIN + SITE)
    (listener,) = found.listeners
    place = listener.backlog.origin.place
    assert place is not None
    assert place.text.path.endswith("dump.conf:/etc/nginx/conf.d/shop.conf")
    line = (before + MAIN + SITE).splitlines().index("    listen 80 backlog=70000;") + 1
    assert place.text.position(place.span.start).line == line
    assert place.source == "70000"


def test_the_dump_is_the_whole_nginx(tmp_path: Path) -> None:
    found = stack(tmp_path, DUMP)
    assert [location.server for location in found.locations] == ["0.0.0.0:80"]
    assert (found.problems, found.not_followed, found.has_every_location) == ([], [], True)


@pytest.mark.parametrize(
    "text",
    [
        "# configuration file /etc/elsewhere.conf:\nserver { listen 81; }\n",
        "server { listen 81;\n# configuration file /etc/nginx/conf.d/x.conf:\n}\n",
        "server { listen 81; set $a '\n# configuration file /etc/nginx/conf.d/x.conf:\n'; }\n",
    ],
)
def test_a_line_like_a_header_inside_a_file_cuts_nothing(text: str, tmp_path: Path) -> None:
    found = stack(tmp_path, DUMP + "# configuration file /etc/nginx/conf.d/z.conf:\n" + text)
    assert sorted(listener.address for listener in found.listeners) == ["0.0.0.0:80", "0.0.0.0:81"]
    places = [listener.listen.origin.place for listener in found.listeners]
    assert all(place and place.text.path.endswith((".d/shop.conf", ".d/z.conf")) for place in places)


def test_a_dump_and_the_files_of_its_machine_are_one_host(tmp_path: Path) -> None:
    pool = "[www]\nlisten = /run/php/www.sock\npm = static\npm.max_children = 5\n"
    found = stack_of(tmp_path, {"dump.conf": DUMP, "php-fpm.d/www.conf": pool})
    assert [path.pool.name for path in found.paths if path.pool] == ["www"]


def test_what_nginx_refuses_is_found_in_a_dump_too(tmp_path: Path) -> None:
    broken = DUMP.replace("listen 80 ", "http2; listen 80 ")
    (fault,) = stack(tmp_path, broken).directive_faults
    assert fault.miscounted.is_known
