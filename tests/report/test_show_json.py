import json
import re
from typing import Any

from report_samples import NEW, SITE, known_somaxconn, shop, unknown_somaxconn

from tuner.report.show_json import show_json
from tuner.stack.model import Stack
from tuner.stack.value import Option, undetermined


def shown(*stacks: Stack) -> dict[str, Any]:
    text = show_json(stacks)
    assert re.fullmatch(r"[ -~\n]*", text)
    report: dict[str, Any] = json.loads(text)
    return report


def default_number(value: object, unit: str | None, words: str) -> dict[str, Any]:
    return {"value": value, "unit": unit, "origin": {"kind": "default", "text": words}, "options": []}


def test_one_host_has_the_shape_of_the_contract() -> None:
    report = shown(shop())
    assert list(report) == ["schema_version", "listeners", "paths", "pools", "redis", "kernel"]
    assert report["schema_version"] == 1
    assert [listener["owner"] for listener in report["listeners"]] == ["nginx", "php-fpm"]
    derived = {"kind": "derived", "text": "min(backlog, net.core.somaxconn)"}
    capacity = {"kind": "derived", "text": "effective backlog + 1"}
    assert report["listeners"][0] == {
        "owner": "nginx",
        "name": "shop.example, www.shop.example",
        "address": "0.0.0.0:80",
        "backlog": default_number(511, "connections", "default of nginx"),
        "effective_backlog": {"value": 511, "unit": "connections", "origin": derived, "options": []},
        "accept_queue_capacity": {"value": 512, "unit": "connections", "origin": capacity, "options": []},
        "syn_queue_capacity": {"value": 512, "unit": "connections", "origin": capacity, "options": []},
        "sockets": default_number(1, None, "one socket for all workers"),
        "running_backlog": default_number(None, None, "not set"),
        "running_queue": default_number(None, None, "not set"),
    }
    assert report["listeners"][1]["syn_queue_capacity"]["value"] is None


def test_path_joins_listener_location_and_pool() -> None:
    (path,) = shown(shop())["paths"]
    assert [path[key] for key in ("listener", "server", "location", "upstream", "member", "pool")] == [
        "0.0.0.0:80",
        "shop.example",
        "~ \\.php$",
        "unix:/run/php/www.sock",
        "unix:/run/php/www.sock",
        "www",
    ]
    assert path["fastcgi_read_timeout"] == {
        "value": 300,
        "unit": "s",
        "origin": {"kind": "file", "text": f"{SITE.path}:5", "path": SITE.path, "line": 5, "column": 26},
        "options": [],
    }
    assert (path["pm"]["value"], path["max_children"]["value"]) == ("dynamic", 8)


def test_path_without_a_pool_keeps_its_keys() -> None:
    stack = shop()
    stack.paths[0].pool = None
    stack.paths[0].listener = None
    (path,) = shown(stack)["paths"]
    assert (path["listener"], path["pool"], path["max_children"]) == (None, None, None)


def test_number_says_whom_it_overrode() -> None:
    somaxconn = shown(shop())["kernel"]["somaxconn"]
    assert somaxconn["value"] == 4096
    origin = {
        "kind": "file",
        "text": "etc/sysctl.d/10-base.conf:1",
        "path": "etc/sysctl.d/10-base.conf",
        "line": 1,
        "column": 22,
    }
    assert somaxconn["overrides"] == [{"value": 1024, "origin": origin, "reason": "a later setting wins"}]


def test_unknown_number_lists_what_it_may_be() -> None:
    number = shown(shop(unknown_somaxconn()))["listeners"][1]["effective_backlog"]
    assert number["value"] is None
    assert number["options"] == [
        {"value": 128, "condition": "kernel < 5.4"},
        {"value": 4096, "condition": "kernel >= 5.4"},
    ]


def test_option_that_holds_in_any_case_has_no_condition() -> None:
    stack = shop()
    options = (Option(128, ()), Option(None, (NEW,)))
    stack.kernel.somaxconn = undetermined("kernel.somaxconn", options, "nobody says")
    assert shown(stack)["kernel"]["somaxconn"]["options"] == [
        {"value": 128, "condition": None},
        {"value": None, "condition": "kernel >= 5.4"},
    ]


def test_several_hosts_are_named_in_every_entry() -> None:
    report = shown(shop(entity="hosts/a"), shop(unknown_somaxconn(), "hosts/b"))
    assert [entry["host"] for entry in report["listeners"]] == ["hosts/a", "hosts/a", "hosts/b", "hosts/b"]
    assert [entry["host"] for entry in report["paths"]] == ["hosts/a", "hosts/b"]
    assert report["kernel"] is None
    assert [host["name"] for host in report["hosts"]] == ["hosts/a", "hosts/b"]
    assert [host["kernel"]["somaxconn"]["value"] for host in report["hosts"]] == [4096, None]
    assert report["hosts"][0]["listeners"] == shown(shop(known_somaxconn()))["listeners"]


def test_no_host_gives_empty_lists() -> None:
    assert shown() == {
        "schema_version": 1,
        "listeners": [],
        "paths": [],
        "pools": [],
        "redis": [],
        "kernel": None,
    }
