"""What of a plan goes into files: contradictions stay out, and what is written is written where it may be."""

import time

import pytest

from tuner.formats.document import Kind
from tuner.formats.nginx import parse as parse_nginx
from tuner.formats.php_fpm import parse as parse_php_fpm
from tuner.formats.sysctl import parse as parse_sysctl
from tuner.source.span import Span
from tuner.source.text import Text
from tuner.stack.kernel import REFUSED
from tuner.stack.live.machine import NOT_IN_FORCE
from tuner.stack.value import Origin, Override, Place, Value, absent
from tuner.tune.edits import Patches, patches
from tuner.tune.new_file import Home
from tuner.tune.plan import Program, Recommendation, Spot

PATH = "etc/file.conf"


class File:
    """A file, and recommendations for what stands in it."""

    def __init__(self, kind: Kind, text: str) -> None:
        self.text = Text(PATH, text.encode())
        parse = parse_nginx if kind == "nginx" else parse_php_fpm
        self.document = parse(self.text, is_template=False)
        self.program: Program = "nginx" if kind == "nginx" else "php-fpm"

    def place(self, word: str, number: int = 0) -> Place:
        at = -1
        for _ in range(number + 1):
            at = self.text.data.index(word.encode(), at + 1)
        return Place(self.text, Span(at, at + len(word)))

    def replaced(
        self, entity: str, setting: str, old: str, new: str | int, number: int = 0
    ) -> Recommendation:
        return self._found(
            entity, setting, Value(setting, old, Origin("file", PATH, self.place(old, number))), new, None
        )

    def added(
        self, entity: str, setting: str, beside: str, new: str | int, number: int = 0
    ) -> Recommendation:
        spot = Spot(self.place(beside, number), "block")
        return self._found(entity, setting, absent(setting), new, spot)

    def _found(
        self, entity: str, setting: str, present: Value, new: str | int, spot: Spot | None
    ) -> Recommendation:
        return Recommendation(
            setting, self.program, entity, present, new, "why", "formula", (), "reload", None, spot
        )

    def patches(self, *recommendations: Recommendation) -> Patches:
        return patches(recommendations, {PATH: self.document})


TWO_SECTIONS = "[a]\nlisten.backlog = 65535\n[b]\nlisten.backlog = 4096\n"


def test_two_values_for_one_place_are_written_by_hand_and_the_rest_is_written() -> None:
    file = File("php-fpm", TWO_SECTIONS)
    shared = [
        file.replaced(f"pool:{name}", "listen.backlog", "65535", at) for name, at in (("x", 5), ("y", 6))
    ]
    found = file.patches(*shared, file.replaced("pool:b", "listen.backlog", "4096", 7))
    assert [(one.recommendation.entity, one.reason) for one in found.unwritten] == [
        ("pool:x", "pools x and y need different values there"),
        ("pool:y", "pools x and y need different values there"),
    ]
    (patch,) = found.files
    assert patch.data.decode() == TWO_SECTIONS.replace("4096", "7")


@pytest.mark.parametrize(
    ("entities", "reason"),
    [
        (("pool:x", "pool:x"), "several pools named x need different values there"),
        (("redis:6379", "redis:6380"), "redis:6379 and redis:6380 need different values there"),
        (("kernel", "kernel"), "several instances named kernel need different values there"),
        (("pool:a", "pool:b", "pool:c", "pool:d"), "pools a, b and 2 more need different values there"),
    ],
)
def test_who_needs_different_values(entities: tuple[str, ...], reason: str) -> None:
    file = File("php-fpm", TWO_SECTIONS)
    found = file.patches(
        *(file.replaced(entity, "listen.backlog", "4096", at) for at, entity in enumerate(entities))
    )
    assert (found.files, {one.reason for one in found.unwritten}) == ((), {reason})


def test_what_several_want_alike_is_written_once() -> None:
    file = File("php-fpm", TWO_SECTIONS)
    found = file.patches(*(file.replaced(f"pool:{one}", "listen.backlog", "4096", 9) for one in "xy"))
    assert (len(found.files[0].changes), found.unwritten) == (1, ())


def test_two_values_for_one_new_setting_are_written_by_hand() -> None:
    file = File("php-fpm", "[a]\nlisten = 9000\n")
    found = file.patches(*(file.added("pool:a", "listen.backlog", "9000", at) for at in (5, 6)))
    assert (found.files, len(found.unwritten)) == ((), 2)


def test_a_change_that_would_be_read_otherwise_keeps_no_other_from_being_written() -> None:
    file = File("php-fpm", TWO_SECTIONS)
    otherwise = file.added("pool:a", "pm = static ;", "65535", 1)
    within = file.replaced("pool:a", "listen.backlog", "6553", 3)
    first = file.replaced("pool:a", "listen.backlog", "65535", 5)
    found = file.patches(first, otherwise, within, file.replaced("pool:b", "listen.backlog", "4096", 7))
    assert [(one.recommendation, one.reason) for one in found.unwritten] == [
        (otherwise, f"{PATH}: the changed file would be read otherwise than asked"),
        (within, f"{PATH}: what stands there is not one value"),
    ]
    assert found.files[0].data.decode() == TWO_SECTIONS.replace("65535", "5").replace("4096", "7")


def test_a_file_that_nginx_does_not_read_is_left_alone() -> None:
    file = File("nginx", "location / {\n    fastcgi_pass one;\n")
    found = file.patches(file.added("upstream:one", "root", "fastcgi_pass", "/srv"))
    assert found.files == ()
    assert "nginx does not read this file" in found.unwritten[0].reason


def test_beside_an_if_and_once_in_a_location() -> None:
    file = File(
        "nginx",
        "location / {\n    if ($a) {\n        fastcgi_pass one;\n    }\n"
        "    if ($b) { fastcgi_pass two; }\n}\n",
    )
    wanted = [
        file.added("upstream:one", "fastcgi_connect_timeout", "fastcgi_pass", 2, number) for number in (0, 1)
    ]
    found = file.patches(*wanted)
    assert found.unwritten == ()
    assert found.files[0].data.decode() == (
        "location / {\n    if ($a) {\n        fastcgi_pass one;\n    }\n    fastcgi_connect_timeout 2s;\n"
        "    if ($b) { fastcgi_pass two; }\n}\n"
    )


def test_beside_an_if_of_a_snippet() -> None:
    file = File("nginx", "if ($a) { fastcgi_pass one; }\n")
    found = file.patches(file.added("upstream:one", "fastcgi_connect_timeout", "fastcgi_pass", 2))
    assert found.files[0].data == b"if ($a) { fastcgi_pass one; }\nfastcgi_connect_timeout 2s;\n"


POOLS = 1500
"""So many that work which grows with their square takes half a minute."""


def test_a_thousand_pools_in_one_file_take_a_moment() -> None:
    text = "".join(
        f"; {number}\n[p{number}]\nlisten = /run/{number}.sock\nlisten.backlog = {number + 60000}\n"
        for number in range(POOLS)
    )
    file = File("php-fpm", text)
    wanted = [
        file.replaced(f"pool:p{number}", "listen.backlog", f"{number + 60000}", number + 1)
        for number in range(POOLS)
    ]
    wanted += [
        file.added(f"pool:p{number}", "pm", f"/run/{number}.sock", "static") for number in range(POOLS)
    ]
    began = time.process_time()
    found = file.patches(*wanted)
    assert time.process_time() - began < 5
    assert (len(found.files[0].changes), found.unwritten) == (2 * POOLS, ())


def test_a_thousand_servers_in_one_file_take_a_moment() -> None:
    ports = range(20_000, 20_000 + POOLS)
    servers = (f"upstream u{port} {{ server 127.0.0.1:{port}; }} # {port}\n" for port in ports)
    passes = (f"location /{port} {{\n    fastcgi_pass u{port};\n}}\n" for port in ports)
    file = File("nginx", "http {\n" + "".join(servers) + "server {\n" + "".join(passes) + "}\n}\n")
    wanted = [file.added(f"upstream:u{port}", "max_conns", f"server 127.0.0.1:{port}", 9) for port in ports]
    wanted += [
        file.added(f"u{port}", "fastcgi_connect_timeout", f"fastcgi_pass u{port}", 2) for port in ports
    ]
    began = time.process_time()
    found = file.patches(*wanted)
    assert time.process_time() - began < 5
    assert (len(found.files[0].changes), found.unwritten) == (2 * POOLS, ())


def test_two_keys_go_into_one_new_file_and_one_of_two_values_into_none() -> None:
    file = File("php-fpm", TWO_SECTIONS)
    keys = [
        file._found("kernel", key, absent(key), 1, None)
        for key in ("net.core.somaxconn", "net.core.somaxconn", "net.ipv4.tcp_max_syn_backlog")
    ]
    wanted = zip(keys, (9, 9, 7), strict=True)
    homes = {id(one): Home("zz.conf", value, disk_path="/zz.conf") for one, value in wanted}
    (new,) = patches(keys, {}, homes).new
    assert new.settings == {"net.core.somaxconn": 9, "net.ipv4.tcp_max_syn_backlog": 7}
    homes[id(keys[0])] = Home("zz.conf", 8, disk_path="/zz.conf")
    found = patches(keys, {}, homes)
    assert [(new.settings, new.recommendations) for new in found.new] == [
        ({"net.ipv4.tcp_max_syn_backlog": 7}, (keys[2],))
    ]
    reasons = {one.reason for one in found.unwritten}
    assert reasons == {"several instances named kernel need different values there"}


def test_two_keys_get_a_line_each_at_the_end_of_a_file() -> None:
    text = Text("sysctl.conf", b"vm.swappiness = 1")
    document = parse_sysctl(text, is_template=False)
    file = File("php-fpm", TWO_SECTIONS)
    keys = [file._found("kernel", key, absent(key), 1, None) for key in ("net.core.a", "net.core.b")]
    homes = {id(one): Home("sysctl.conf", 5, document) for one in keys}
    (patch,) = patches(keys, {"sysctl.conf": document}, homes).files
    assert patch.data == b"vm.swappiness = 1\nnet.core.a = 5\nnet.core.b = 5"


@pytest.mark.parametrize(
    ("reason", "is_edited"),
    [(REFUSED, True), (NOT_IN_FORCE, True), ("sysctl.conf is not read at boot on this target", False)],
)
def test_a_line_without_effect_is_put_right_where_that_would_help(reason: str, is_edited: bool) -> None:
    text = Text("a.conf", b"net.core.somaxconn = -5\n")
    document = parse_sysctl(text, is_template=False)
    place = Place(text, Span(21, 23))
    lost = Override("-5", Origin("file", "a.conf:1", place), reason)
    present = Value("kernel.somaxconn", 128, Origin("default", "a kernel"), overrides=(lost,))
    found = Recommendation(
        "net.core.somaxconn", "kernel", "kernel", present, 600, "why", "formula", (), "set"
    )
    made = patches([found], {"a.conf": document}, {id(found): Home("zz", 600, disk_path="/zz")})
    assert [patch.data for patch in made.files] == [b"net.core.somaxconn = 600\n"][: int(is_edited)]
    assert len(made.new) == 1 - int(is_edited)
