"""`fpmtune values --format json`."""

from collections.abc import Iterable, Sequence

from tuner.report.value_json import Json, ascii_json, number_json
from tuner.stack.effective import HostSettings, SettingGroup

SCHEMA_VERSION = 1
PROGRAMS = ("php-fpm", "nginx", "redis", "sysctl")
GLOBAL = "global"
POOL = "pool:"


def values_json(hosts: Sequence[HostSettings]) -> str:
    """Return every setting in force as ASCII JSON, ending in a line end.

    With several hosts `hosts` has them apart, and each program's own key is null.
    """
    described = [_host(host.groups) for host in hosts]
    document: Json = {"schema_version": SCHEMA_VERSION}
    if len(described) <= 1:
        return ascii_json(document | (described[0] if described else _host(())))
    document |= dict.fromkeys(PROGRAMS)
    named = zip(hosts, described, strict=True)
    return ascii_json(document | {"hosts": [{"name": host.name, **values} for host, values in named]})


def _host(groups: Iterable[SettingGroup]) -> Json:
    by_program: dict[str, list[SettingGroup]] = {program: [] for program in PROGRAMS}
    for group in groups:
        by_program[group.program].append(group)
    return {
        "php-fpm": _php_fpm(by_program["php-fpm"]),
        "nginx": _by_instance(by_program["nginx"]),
        "redis": {group.instance: _values(group) for group in by_program["redis"]},
        "sysctl": {group.instance: _values(group) for group in by_program["sysctl"]},
    }


def _php_fpm(groups: Iterable[SettingGroup]) -> Json:
    """Return the only php-fpm's settings; of several `instances` has each apart and `global` is null.

    A pool whose name another php-fpm has, too, is named with its main file: `www@PATH`.
    """
    instances: dict[str, Json] = {}
    pools: Json = {}
    for group in groups:
        instance = instances.setdefault(group.instance, {GLOBAL: {}, "pools": {}})
        if group.section == GLOBAL:
            instance[GLOBAL] = _values(group)
            continue
        name = group.section.removeprefix(POOL)
        instance["pools"][name] = _values(group)
        pools[f"{name}@{group.instance}" if name in pools else name] = instance["pools"][name]
    only = next(iter(instances.values())) if len(instances) == 1 else None
    everywhere = only[GLOBAL] if only else None if instances else {}
    return {GLOBAL: everywhere, "pools": pools, "instances": instances}


def _by_instance(groups: Iterable[SettingGroup]) -> Json:
    instances: dict[str, Json] = {}
    for group in groups:
        instances.setdefault(group.instance, {})[group.section] = _values(group)
    return instances


def _values(group: SettingGroup) -> Json:
    return {value.label: number_json(value) for value in group.values}
