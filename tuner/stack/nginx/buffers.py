"""Buffers of upstream answers that do not fit together, so that `nginx -t` refuses them.

nginx looks at the sizes in force in every server and every location, and names the line in which `http` ends.
Source: ngx_http_fastcgi_merge_loc_conf(), and the same of the proxy, uwsgi and scgi modules.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

from tuner.stack.nginx.blocks import Block
from tuner.stack.nginx.faults import Fault
from tuner.stack.nginx.readers import number, size_bytes
from tuner.stack.value import Place

KIND = "buffers"
MODULES = ("fastcgi", "proxy", "uwsgi", "scgi")
PARTS = ("buffer_size", "buffers", "busy_buffers_size", "temp_file_write_size", "max_temp_file_size")
PAGE_BYTES = 4096
DEFAULT_COUNT = 8
LEAST_COUNT = 2
OUTSIDE_LOCATIONS = ("http", "")


class Setting(NamedTuple):
    """One of the directives as it is in force: what it says and where; no numbers where that is unknown."""

    numbers: tuple[int, ...] = ()
    block: Block | None = None

    @property
    def bytes(self) -> int | None:
        """The size it sets, the last of its numbers."""
        return self.numbers[-1] if self.numbers else None


Settings = Mapping[str, Setting]
UNKNOWN = Setting()


def mismatched_buffers(root: Block) -> Iterator[Fault]:
    """Yield each directive about buffers that does not fit the others in force beside it."""
    names = {name for block in root.walk() for name, _ in block.each_name()}
    for module in MODULES:
        if not names.isdisjoint(_parts_by_name(module)):
            yield from _of_module(root, module)


def _of_module(root: Block, module: str) -> Iterator[Fault]:
    start: dict[str, Setting] = {} if root.is_complete else dict.fromkeys(PARTS, UNKNOWN)
    pending: list[tuple[Block, Settings]] = [(root, start)]
    while pending:
        block, around = pending.pop()
        own = _set_here(block, module)
        settings: Settings = (
            {**_unless_in_doubt(block, around), **own} if own or block.not_followed else around
        )
        if (own or block.name == "server") and _is_merged(block):
            yield from _mismatch(settings, module, block)
        pending.extend((inner, settings) for inner in block.blocks if inner.name in INNER)


INNER = frozenset({"http", "server", "location", "if", "limit_except"})


def _is_merged(block: Block) -> bool:
    """Say whether nginx looks at the sizes of such a block: of http itself only by way of its servers."""
    return block.name not in OUTSIDE_LOCATIONS or (block.parent is None and block.context != "http")


def _unless_in_doubt(block: Block, around: Settings) -> Settings:
    """Return what is in force around, or nothing certain where a file that was not read may set it."""
    return dict.fromkeys(PARTS, UNKNOWN) if block.not_followed else around


def _set_here(block: Block, module: str) -> dict[str, Setting]:
    parts = _parts_by_name(module)
    found = ((parts[setting.name], setting) for setting in block.named(*parts))
    return {part: Setting(_numbers(setting, part), setting) for part, setting in found}


@cache
def _parts_by_name(module: str) -> Mapping[str, str]:
    return {f"{module}_{part}": part for part in PARTS}


def _numbers(setting: Block, part: str) -> tuple[int, ...]:
    words = setting.directive.args if setting.directive else ()
    if setting.is_template or any(word.unknown for word in words):
        return ()
    if part != "buffers":
        size = size_bytes(words[0].text) if len(words) == 1 else None
        return () if size is None else (size,)
    count, size = (number(words[0].text), size_bytes(words[1].text)) if len(words) == 2 else (None, None)
    return () if not count or not size else (count, size)


def _mismatch(settings: Settings, module: str, block: Block) -> Iterator[Fault]:
    buffers = settings.get("buffers", Setting((DEFAULT_COUNT, PAGE_BYTES)))
    header = settings.get("buffer_size", Setting((PAGE_BYTES,)))
    if not buffers.numbers or not header.numbers:
        return
    count, size = buffers.numbers
    largest = max(size, header.numbers[0])
    all_but_one = (count - 1) * size
    pages = "" if "buffers" in settings and "buffer_size" in settings else " (memory pages of 4096 bytes)"
    told, part = "", ""
    if count < LEAST_COUNT:
        told, part = f'there must be at least 2 "{module}_buffers"', "buffers"
    elif "busy_buffers_size" in settings:
        told, part = _written_busy(settings["busy_buffers_size"], module, largest, all_but_one)
    elif 2 * largest > all_but_one:
        told = (
            f'"{module}_busy_buffers_size" is {2 * largest} by itself, twice the larger of '
            f'"{module}_buffer_size" and one buffer, and must be less than the size of all '
            f'"{module}_buffers" minus one buffer, {all_but_one}'
        )
        part = "buffer_size" if largest > size and "buffer_size" in settings else "buffers"
    if not told:
        told, part = _temporary_file(settings, module, largest)
    yield from _fault(settings.get(part), f"{told}{pages}" if told else "", block)


def _written_busy(busy: Setting, module: str, largest: int, all_but_one: int) -> tuple[str, str]:
    """Judge a size that is written; of one that another file may set, only what no size would cure."""
    name, part = f"{module}_busy_buffers_size", "busy_buffers_size"
    if busy.bytes is None:
        if largest <= all_but_one or busy.block:
            return "", ""
        return f'"{module}_buffer_size" is larger than all "{module}_buffers" minus one buffer', "buffer_size"
    if busy.bytes < largest:
        return (
            f'"{name}" must be equal to or greater than {largest}, the larger of "{module}_buffer_size" and '
            f'one of the "{module}_buffers"'
        ), part
    if busy.bytes > all_but_one:
        return (
            f'"{name}" must be less than the size of all "{module}_buffers" minus one buffer, {all_but_one}',
            part,
        )
    return "", ""


def _temporary_file(settings: Settings, module: str, largest: int) -> tuple[str, str]:
    for part in ("temp_file_write_size", "max_temp_file_size"):
        size = settings[part].bytes if part in settings else None
        if size is not None and size < largest and (size or part == "temp_file_write_size"):
            return (
                f'"{module}_{part}" must be equal to or greater than {largest}, the larger of '
                f'"{module}_buffer_size" and one of the "{module}_buffers"'
            ), part
    return "", ""


def _fault(setting: Setting | None, told: str, block: Block) -> Iterator[Fault]:
    source = setting.block if setting and setting.block else None
    if told and source and source.text and source.directive and source.directive.args:
        yield Fault(KIND, told, Place(source.text, source.directive.args[0].span), block, source.name)
