"""`fpmtune schema`: each schema is one, and describes everything that the program takes or prints."""

import copy
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError
from program import BAD_LISTEN, CHECKOUT, CLAMPED, POOL, fpmtune
from ruamel.yaml import YAML

from tests.trees import write_tree
from tests.tune.hosts import host_files
from tuner.packaged import TABLE_FOLDERS

Schema = dict[str, Any]


def schema(name: str) -> Schema:
    ran = fpmtune("schema", name)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.isascii()
    found = ran.report
    assert found["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(found)
    return found


def closed(node: Any) -> Any:  # noqa: ANN401 - whatever a schema holds
    """Return a schema that forbids every key it does not name, so that none is forgotten."""
    if isinstance(node, list):
        return [closed(item) for item in node]
    if not isinstance(node, dict):
        return node
    inner = {key: closed(value) for key, value in node.items()}
    return {**inner, "additionalProperties": False} if "properties" in node else inner


@pytest.mark.parametrize("name", ["loads", "plans", "", "Config"])
def test_no_such_schema(name: str) -> None:
    ran = fpmtune("schema", name)
    assert (ran.status, ran.out) == (2, "")
    names = "config, rules, load, check, show, plan"
    assert ran.err == f"fpmtune: there is no schema '{name}': expected one of {names}\n"


def test_schema_goes_to_a_file(tmp_path: Path) -> None:
    assert fpmtune("schema", "config", "-o", "s.json", cwd=tmp_path).out == ""
    assert json.loads((tmp_path / "s.json").read_text()) == schema("config")


TREES = {
    "nothing": {"README.md": ""},
    "clamped": CLAMPED,
    "conditional": {"php-fpm.d/www.conf": POOL + "listen.backlog = 1000\n"},
    "several hosts": {
        "a/etc/nginx/nginx.conf": "events {}\nhttp { include sites/*; include /x.conf; }\n",
        "a/etc/sysctl.d/a.conf": "net.core.somaxconn = 1\n",
        "a/etc/sysctl.d/b.conf": "net.core.somaxconn = 2\nbroken\n",
        "a/etc/nginx/sites/shop": "server { location / { fastcgi_pass unix:/run/php/www.sock; } }\n",
        "a/etc/php/8.2/fpm/pool.d/www.conf": POOL,
        "b/etc/redis/redis.conf": "port 6379\ntcp-backlog 511\n",
        "b/etc/sysctl.conf.j2": "net.core.somaxconn = {{ x }}\n",
        "c/nginx/a.conf": BAD_LISTEN,
        "c/nginx/broken.conf": "server { listen 80; \n",
    },
}


@pytest.mark.parametrize("tree", TREES)
@pytest.mark.parametrize("verb", ["check", "show"])
def test_reports_hold_what_the_schema_says_and_nothing_else(tmp_path: Path, verb: str, tree: str) -> None:
    write_tree(tmp_path, TREES[tree])
    ran = fpmtune(verb, "--format", "json", ".", cwd=tmp_path)
    Draft202012Validator(closed(schema(verb))).validate(ran.report)


def test_load_file_is_what_the_schema_says(tmp_path: Path) -> None:
    log = CHECKOUT / "tests/data/replay/unix-burst-B8/nginx.access.log.gz"
    given = ("--log-format", "$msec $request_time $status $upstream_status $args", "-o", "load.yaml")
    assert fpmtune("measure", "--nginx-log", log, *given, cwd=tmp_path).status == 0
    load = YAML(typ="safe", pure=True).load((tmp_path / "load.yaml").read_text())
    as_json = json.loads(json.dumps(load))
    Draft202012Validator(closed(schema("load"))).validate(as_json)
    with pytest.raises(ValidationError):
        Draft202012Validator(schema("load")).validate({**as_json, "schema_version": 2})


@pytest.mark.parametrize(("verb", "load"), [("check", ["--service-time", "50ms"]), ("show", [])])
def test_report_of_the_example(verb: str, load: list[str]) -> None:
    ran = fpmtune(verb, "--format", "json", "examples/shop", *load, cwd=CHECKOUT)
    Draft202012Validator(closed(schema(verb))).validate(ran.report)


def test_a_plan_is_what_the_schema_says(tmp_path: Path) -> None:
    logs = CHECKOUT / "tests/data/replay/unix-collapse-B65535"
    log_format = "$msec $request_time $status $upstream_status uct=$upstream_connect_time"
    log_format += " uht=$upstream_header_time urt=$upstream_response_time $request_uri"
    nginx = ("--nginx-log", logs / "nginx.access.log.gz", "--log-format", log_format, "--pool", "www")
    fpm = ("--fpm-log", logs / "fpm.access.log.gz", "--access-format", "%{%s}t %{micro}d %s %q")
    assert fpmtune("measure", *nginx, *fpm, "-o", "load.yaml", cwd=tmp_path).status == 0
    write_tree(tmp_path, host_files("listen.backlog = 65535", somaxconn=65535, listen="127.0.0.1:9000"))
    ran = fpmtune("tune", "etc", "--load", "load.yaml", "--format", "json", cwd=tmp_path)
    Draft202012Validator(closed(schema("plan"))).validate(ran.report)
    assert ran.report["predicted"]["after"]["pool:www"]["shares"]["200"] > 0.8
    assert ran.report["pools"][0]["alternatives"]


def leaves(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:  # noqa: ANN401
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    found = [path] if path else []
    return found + [leaf for key, value in inner for leaf in leaves(value, (*path, key))]


@pytest.mark.parametrize("verb", ["check", "show"])
def test_schema_notices_what_is_missing_or_of_another_type(tmp_path: Path, verb: str) -> None:
    write_tree(tmp_path, CLAMPED)
    report = fpmtune(verb, "--format", "json", ".", cwd=tmp_path).report
    validator = Draft202012Validator(schema(verb))
    for *above, last in leaves(report):
        damaged = copy.deepcopy(report)
        parent = damaged
        for key in above:
            parent = parent[key]
        parent[last] = {"value": []}
        assert not validator.is_valid(damaged), (*above, last)


def test_reports_may_grow(tmp_path: Path) -> None:
    write_tree(tmp_path, CLAMPED)
    report = fpmtune("check", "--format", "json", ".", cwd=tmp_path).report
    report["findings"][0]["later"] = report["later"] = 1
    Draft202012Validator(schema("check")).validate(report)


GOOD_CONFIG = """
required-version = ">=0.1,<1"
fail-on = "error"
rules = ["rules"]
[severity]
QUE001 = "error"
[roots]
nginx = "/etc/nginx"
[[host]]
name = "web1"
paths = ["common", "web1"]
target = "debian-12"
sysctl = ["a.conf"]
roots = {x = "/etc/x"}
"""


def test_settings_that_are_right() -> None:
    validator = Draft202012Validator(schema("config"))
    validator.validate(tomllib.loads(GOOD_CONFIG))
    validator.validate({})


@pytest.mark.parametrize(
    "text",
    [
        "fail_on = 'error'",
        "fail-on = 'sometimes'",
        "ignroe = []",
        "severity = {QUE001 = 'bad'}",
        "roots = {a = 'etc'}",
        "host = [{name = 'a'}]",
        "host = [{name = 'a', paths = []}]",
        "host = [{name = 'a', paths = ['x'], root = {}}]",
    ],
)
def test_settings_that_are_wrong(text: str) -> None:
    with pytest.raises(ValidationError):
        Draft202012Validator(schema("config")).validate(tomllib.loads(text))


def test_every_setting_is_described() -> None:
    config = schema("config")
    tables = [config, *config["$defs"].values()]
    assert [
        key for table in tables for key, value in table["properties"].items() if "description" not in value
    ] == []


def test_every_built_in_rule_is_a_rule() -> None:
    validator = Draft202012Validator(schema("rules"))
    files = [path for path in (CHECKOUT / "rules").glob("*/*.yaml") if path.parent.name not in TABLE_FOLDERS]
    assert len(files) > 20
    for path in files:
        validator.validate(YAML(typ="safe", pure=True).load(path))


def test_a_rule_with_an_unknown_field_is_none() -> None:
    rule = YAML(typ="safe", pure=True).load(CHECKOUT / "rules/queue/backlog-invalid.yaml")
    with pytest.raises(ValidationError):
        Draft202012Validator(schema("rules")).validate({**rule, "wen": "True"})
