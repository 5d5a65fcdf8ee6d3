"""Every line that sets a sysctl key, as the kernel takes it: numbers it refuses, keys it does not have."""

from collections.abc import Iterator, Mapping

from tuner.formats.document import Directive
from tuner.laws.sysctl_number import read_number
from tuner.laws.version import Version
from tuner.source.span import Span
from tuner.source.text import Text, encode
from tuner.stack.condition import Condition
from tuner.stack.hosts import GLOB, HostFiles
from tuner.stack.line_entities import SysctlKey, SysctlLine
from tuner.stack.model import Kernel
from tuner.stack.settings import as_text, written
from tuner.stack.sysctl.order import boot_files, load_sets, system_files
from tuner.stack.sysctl.values import (
    LISTEN_QUEUE_KEYS,
    bounds_in_words,
    cases_of,
    holds_numbers,
    holds_one_integer,
    is_gone,
    misnamed_keys,
    removed_keys,
)
from tuner.stack.target import Target
from tuner.stack.value import Data, Option, Origin, Place, Value, absent, undetermined, unknown

THE_DEFAULT = "the default"


def build_lines(host: HostFiles, kernel: Kernel, keys: list[SysctlKey], target: Target) -> list[SysctlLine]:
    """Return the assignments of every sysctl file that a program reads; `keys` is who sets what."""
    in_force = {key.key: _in_words(key.boot) for key in keys} | _of_kernel(kernel)
    return [
        _line(directive, text, in_force, target)
        for directive, text in _assignments(host, target)
        if not directive.name.unknown and not GLOB.search(directive.name.text)
    ]


def _assignments(host: HostFiles, target: Target) -> Iterator[tuple[Directive, Text]]:
    """Yield the assignments of the files that systemd-sysctl or `sysctl --system` reads, each once."""
    for files in load_sets(host):
        read = [*boot_files(files, target), *system_files(files)]
        documents = {id(file.document): file.document for file in read if file.document}
        for document in documents.values():
            yield from ((d, document.text) for d in document.directives if d.args)


def _of_kernel(kernel: Kernel) -> dict[str, str]:
    values = (
        kernel.somaxconn,
        kernel.tcp_max_syn_backlog,
        kernel.tcp_syncookies,
        kernel.tcp_abort_on_overflow,
    )
    return dict(zip(LISTEN_QUEUE_KEYS, map(_in_words, values), strict=True))


def _in_words(value: Value) -> str:
    if value.is_known:
        return str(value.data)
    found = [str(option.data) for option in value.options if option.data is not None]
    return " or ".join(dict.fromkeys(found)) or THE_DEFAULT


def _line(directive: Directive, text: Text, in_force: Mapping[str, str], target: Target) -> SysctlLine:
    key, word = directive.name.text, directive.args[0]
    place = Place(text, directive.name.span)
    set_to = written("sysctl_line.written", word, text, as_text, label=key)
    is_numbers = set_to.is_known and holds_numbers(key)
    fault = _fault(set_to, target) if is_numbers else _nothing("fault", key)
    is_number = is_numbers and holds_one_integer(key) and fault.state == "absent"
    number = read_number(word.text) if is_number else None
    return SysctlLine(
        entity=f"sysctl:{key}",
        key=key,
        at_key=Value("sysctl_line.at_key", key, Origin("file", str(place), place), label="key"),
        written=set_to,
        fault=fault,
        bounds=bounds_in_words(key, target) if is_numbers else "",
        in_force=_stored_part(set_to, target) or in_force.get(key, THE_DEFAULT),
        number=_part("number", number.value if number else None, set_to),
        as_decimal=_part("as_decimal", number.as_decimal if number else None, set_to),
        behind=_behind(number.behind if number else "", set_to),
        is_removed=_removed(key, target),
        removed_since=removed_keys().get(key, {}).get("since", ""),
        is_misnamed=key in misnamed_keys(),
        is_optional=directive.key is not None,
        instead=_instead(key, set_to),
    )


def _instead(key: str, set_to: Value) -> str:
    """Return what to do about a key that the kernel does not have, as far as we know it."""
    row = removed_keys().get(key) or misnamed_keys().get(key, {})
    return str(row.get("when_off" if set_to.data == "0" and "when_off" in row else "instead", ""))


def _fault(set_to: Value, target: Target) -> Value:
    """Return why the kernel refuses the text; where only its version tells, each case as an option."""
    key = set_to.label
    cases = cases_of(key, str(set_to.data), target)
    if len(cases) > 1:
        reason = f"whether it takes {key} = {set_to.data} depends on the kernel: give --target"
        options = (Option(case.fault or "none", case.conditions) for case in cases)
        fault = undetermined("sysctl_line.fault", options, reason, label=key)
        return fault._replace(origin=fault.origin._replace(place=set_to.origin.place))
    if cases[0].fault == "unknown":
        reason = f"which kernel first refused {key} = {set_to.data} is not known: give --target kernel=X.Y"
        return unknown("sysctl_line.fault", reason, label=key, place=set_to.origin.place)
    return _part("fault", cases[0].fault, set_to)


def _stored_part(set_to: Value, target: Target) -> str:
    """Return what the kernel stores of several numbers before it refuses the rest, in words."""
    if not set_to.is_known or not holds_numbers(set_to.label):
        return ""
    case = cases_of(set_to.label, str(set_to.data), target)[0]
    return f"{' '.join(map(str, case.numbers))} and the default" if case.fault and case.numbers else ""


def _part(field: str, data: Data | None, set_to: Value) -> Value:
    """Return what was found out about the written text as a value at its place; absent for nothing."""
    if data is None or data == "":
        return _nothing(field, set_to.label)
    return Value(f"sysctl_line.{field}", data, set_to.origin, label=set_to.label)


def _behind(words: str, set_to: Value) -> Value:
    place = set_to.origin.place
    if not words or place is None:
        return _nothing("behind", set_to.label)
    rest = Place(place.text, Span(place.span.end - len(encode(words)), place.span.end))
    return Value("sysctl_line.behind", words, Origin("file", str(rest), rest), label="behind the number")


def _nothing(field: str, key: str) -> Value:
    return absent(f"sysctl_line.{field}", "nothing", label=key)


def _removed(key: str, target: Target) -> Value:
    """Return whether the target's kernel has lost the key."""
    name, label = "sysctl_line.is_removed", f"{key} is gone from the kernel"
    row = removed_keys().get(key)
    if row is None:
        return Value(name, False, Origin("default", "not known to have been removed"), label=label)
    since, is_gone_there = Version.parse(row["since"]), is_gone(key, target)
    words = f"Linux {since} and newer do not have it"
    if is_gone_there is not None:
        return Value(name, is_gone_there, Origin("default", words), label=label)
    options = (
        Option(False, (Condition("kernel", until=since),)),
        Option(True, (Condition("kernel", since=since),)),
    )
    return undetermined(name, options, words, label=label)
