"""Every directive in force in every block of nginx, by nginx's rules of inheritance.

The nearest level that sets a directive decides: of those that may stand many times (`fastcgi_param`,
`add_header`, `access_log`), all of that level replace all of the outer ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from tuner import packaged
from tuner.formats.document import Word
from tuner.source.span import Span
from tuner.stack import defaults
from tuner.stack.effective import SettingGroup
from tuner.stack.nginx.blocks import Block, Configuration
from tuner.stack.nginx.directives import Form
from tuner.stack.nginx.faults import forms_here
from tuner.stack.nginx.levels import Levels, holders
from tuner.stack.nginx.listens import server_title
from tuner.stack.nginx.readers import read_word
from tuner.stack.nginx.values import variable
from tuner.stack.settings import overriding, written
from tuner.stack.target import Target
from tuner.stack.value import Origin, Place, Value, may_be_set_by, unknown

NOT_INHERITED = frozenset(
    {
        *(
            "fastcgi_pass",
            "proxy_pass",
            "uwsgi_pass",
            "scgi_pass",
            "grpc_pass",
            "memcached_pass",
            "tunnel_pass",
        ),
        *("try_files", "return", "rewrite", "set", "break", "alias", "internal", "stub_status", "empty_gif"),
        *("flv", "mp4", "listen", "server_name", "include"),
    }
)
"""Directives that hold in their own block only; `if` and `limit_except` do take the `*_pass` of theirs."""
PASSED_INTO = ("if", "limit_except")
UNITS = {"time": "s", "times": "s", "seconds": "s", "size": "bytes", "offset": "bytes"}
CONDITIONS = {"server-if": "server", "location-if": "location", "limit_except": "location"}
HTTP_LEVELS = frozenset({"http", "server", "location"})
ONLY_IN_UPSTREAM = frozenset({"keepalive"})


def nginx_settings(
    configurations: Iterable[Configuration], target: Target, *, with_defaults: bool = False
) -> list[SettingGroup]:
    """Return the directives in force in each block of the nginx configurations of `load_configurations`.

    A group's section is the way to the block: `main`, `http`, `http/server[0] shop.example/location /`. Times
    are in seconds, sizes in bytes, flags `on` or `off`; what has several arguments is text, and of what
    stands several times the text is joined by `; `. Directives of other modules are left out.
    """
    return [
        group
        for configuration in configurations
        for group in _groups(configuration, target, with_defaults=with_defaults)
    ]


def _groups(configuration: Configuration, target: Target, *, with_defaults: bool) -> Iterator[SettingGroup]:
    taken: dict[str, int] = {}
    sections: dict[int, str] = {}
    servers: dict[int, int] = {}
    for block, levels in holders(configuration.root):
        for number, server in enumerate(block.named("server")):
            servers[id(server)] = number
        section = _section(block, sections, servers)
        number = taken[section] = taken.get(section, 0) + 1
        if number > 1:
            section = f"{section}[{number - 1}]"
        values = _values(block, levels, target)
        if with_defaults:
            values |= _defaults(levels, values, target)
        yield SettingGroup("nginx", configuration.start.path, section, tuple(values.values()))


def _section(block: Block, sections: dict[int, str], servers: Mapping[int, int]) -> str:
    """Return the way to `block` and note it in `sections`; `servers` numbers the servers of a block."""
    above = sections.get(id(block.parent), "")
    step = " ".join([block.name, *block.arguments])
    if id(block) in servers:
        step = f"server[{servers[id(block)]}] {server_title(block)}"
    sections[id(block)] = f"{above}/{step}" if above else step.strip()
    return sections[id(block)] or block.context


def _values(block: Block, levels: Levels, target: Target) -> dict[str, Value]:
    """Return what is in force in `block` by the directive's name."""
    around = list(block.upwards())
    names = dict.fromkeys(name for level in reversed(around) for name, _ in level.each_name())
    values: dict[str, Value] = {}
    for name in names:
        is_inherited = name not in NOT_INHERITED
        reach = around if is_inherited else around[: _own_levels(block, name)]
        known = forms_here(name, levels | _around_conditions(levels) if is_inherited else levels) or ()
        forms = [form for form in known if not form.is_block]
        value = _in_force(name, forms, reach, target) if forms else None
        if value:
            values[name] = value
    return values


def _around_conditions(levels: Levels) -> Levels:
    """Return the levels whose directives hold inside an `if` or `limit_except` of theirs."""
    return frozenset(CONDITIONS[level] for level in levels if level in CONDITIONS)


def _own_levels(block: Block, name: str) -> int:
    """Return how many levels count for what is not inherited: one, or two in an `if` of a `*_pass`."""
    return 2 if block.name in PASSED_INTO and name.endswith("_pass") else 1


def _in_force(name: str, forms: Sequence[Form], levels: Sequence[Block], target: Target) -> Value | None:
    """Return what the nearest of `levels` (from the block outwards) that sets the directive says."""
    value: Value | None = None
    for level in reversed(levels):
        if value and level.not_followed:
            value = may_be_set_by(value, level.not_followed[0])
        settings = [found for found in level.named(name) if found.directive and not found.is_block]
        if settings:
            found = _set_here(name, forms, settings, target)
            value = overriding(found, value, "an inner block wins") if value else found
    return value


def _set_here(name: str, forms: Sequence[Form], settings: Sequence[Block], target: Target) -> Value:
    """Return what one block sets; the kind of value is that of the newest form that may be meant."""
    version = target.version("nginx")
    meant = [form for form in forms if version is None or form.is_in(version) is not False] or forms
    kind = meant[-1].kind
    (first, text), *others = [(block.directive, block.text) for block in settings]
    if first is None or text is None or others or len(first.args) != 1:
        return _joined(name, settings)
    word, unit = variable(first.args[0]), UNITS.get(kind, "")
    return _as_printed(
        written(f"nginx.{name}", word, text, lambda written: read_word(kind, written), label=name, unit=unit)
    )


def _joined(name: str, settings: Sequence[Block]) -> Value:
    """Return several arguments, or the arguments of several directives, as one text."""
    words = [word for block in settings for word in _words(block)]
    reason = next((word.unknown for word in words if word.unknown), "")
    place = _place(settings[0])
    if reason:
        return unknown(f"nginx.{name}", reason, label=name, place=place)
    data = "; ".join(" ".join(block.arguments) for block in settings)
    return Value(f"nginx.{name}", data, Origin("file", str(place), place), label=name)


def _place(block: Block) -> Place | None:
    """Return the place of all arguments, or of the name where there are none."""
    if block.directive is None or block.text is None:
        return None
    words = block.directive.args or (block.directive.name,)
    return Place(block.text, Span(words[0].span.start, words[-1].span.end))


def _words(block: Block) -> tuple[Word, ...]:
    return block.directive.args if block.directive else ()


def _as_printed(value: Value) -> Value:
    return value._replace(data="on" if value.data else "off") if isinstance(value.data, bool) else value


def _defaults(levels: Levels, values: dict[str, Value], target: Target) -> dict[str, Value]:
    """Return the defaults of directives that may stand here and that nobody set."""
    known = packaged.defaults_tables()["nginx"]["settings"]
    names = [name for name in known if name not in values and _applies(name, levels)]
    return {name: _as_printed(defaults.default("nginx", name, f"nginx.{name}", target)) for name in names}


def _applies(name: str, levels: Levels) -> bool:
    is_upstream = "upstream" in levels
    if not (
        name in ONLY_IN_UPSTREAM if is_upstream else levels <= {"main", "events"} or levels & HTTP_LEVELS
    ):
        return False
    return bool(forms_here(name, levels))
