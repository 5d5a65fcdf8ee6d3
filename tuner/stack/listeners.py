"""One listening socket: what it asks for, what the kernel gives it, and how much fits into its queues."""

from typing import NamedTuple

from tuner.laws.listen_queue import accept_queue_capacity, effective_backlog, keeps_whole_backlog
from tuner.laws.syn_queue import has_zero_backlog_fix, syn_queue_capacity
from tuner.laws.version import Version
from tuner.source.regex import regex
from tuner.stack.condition import Condition
from tuner.stack.model import Family, Kernel, Listener, Owner
from tuner.stack.relisten import how_to_relisten
from tuner.stack.sysctl.values import kernel_version
from tuner.stack.target import Target
from tuner.stack.value import Option, Origin, Place, Value, absent, derive, undetermined, unknown

UNIT = "connections"
RESTART = {
    "nginx": "restart nginx",
    "php-fpm": "drain and restart php-fpm (all that wait in its queue get 502)",
    "redis": "restart redis",
}
LOOPBACK = ("127.", "localhost:", "[::1]:")
DECIMAL = regex(r"""["']?(?:backlog=)?(-?[0-9]{1,4000})["']?""")
FIX_OF_JANUARY_2025 = "the kernel has the SYN queue fix of January 2025 (6.1.125, 6.12.10, 6.13)"
NO_FIX_OF_JANUARY_2025 = "the kernel lacks the SYN queue fix of January 2025 (6.1.125, 6.12.10, 6.13)"


class Request(NamedTuple):
    """What a configuration asks of listen(2).

    `words` is the request as the file puts it (`backlog=4096`).
    `sockets` is how many sockets are opened for the one address (nginx's reuseport: one a worker).
    """

    owner: Owner
    name: str
    entity: str
    address: str
    family: Family
    listen: Value
    backlog: Value
    words: str
    sockets: Value


def build_listener(request: Request, kernel: Kernel, target: Target) -> Listener:
    """Return the listener with the queues that `kernel` gives it."""
    version = target.patch_level("kernel")
    kernel = _kernel_of(request.owner, kernel, target)
    effective = derive(
        "listener.effective_backlog",
        lambda backlog, somaxconn: effective_backlog(backlog, somaxconn, version),
        request.backlog,
        kernel.somaxconn,
        unit=UNIT,
        label="effective backlog",
        words="min(backlog, net.core.somaxconn)",
    )
    capacity = derive(
        "listener.accept_queue_capacity",
        accept_queue_capacity,
        effective,
        unit=UNIT,
        label="accept queue capacity",
        words="effective backlog + 1",
    )
    running_backlog, running_queue = _running(request, target)
    return Listener(
        entity=request.entity,
        owner=request.owner,
        name=request.name,
        address=request.address,
        family=request.family,
        restart=RESTART[request.owner],
        relisten=how_to_relisten(request.owner, request.backlog, running_backlog, RESTART[request.owner]),
        is_local=request.family == "unix" or request.address.startswith(LOOPBACK),
        listen=request.listen,
        backlog=request.backlog,
        requested=_requested(request),
        backlog_at=request.backlog if request.backlog.origin.place else request.listen,
        backlog_is_accepted=not request.backlog.is_refused,
        refused_backlog=_refused(request),
        backlog_overflow=_overflow(request, kernel, version),
        effective_backlog=effective,
        unchosen_backlog=_unchosen(request, effective, kernel),
        accept_queue_capacity=capacity,
        syn_queue_capacity=_syn_queue(request, effective, kernel, target),
        bind_conflict=absent("listener.bind_conflict", "it can be bound"),
        sockets=request.sockets,
        running_backlog=running_backlog._replace(default=effective.data),
        running_queue=running_queue,
    )


def _kernel_of(owner: Owner, kernel: Kernel, target: Target) -> Kernel:
    """Return `kernel` as `owner` sees it, where the daemons of a running machine see different ones."""
    machine = target.machine
    if machine is None:
        return kernel
    keys = ("somaxconn", "tcp_max_syn_backlog", "tcp_syncookies")
    return kernel.model_copy(update={key: machine.in_force_for(owner, getattr(kernel, key)) for key in keys})


def _running(request: Request, target: Target) -> tuple[Value, Value]:
    """Return effective backlog and queue length of the running socket, both absent without a machine."""
    if target.machine:
        return target.machine.running_queues(request.owner, request.address, request.family)
    words = "no running machine was looked at"
    return (
        absent("listener.running_backlog", words, unit=UNIT),
        absent("listener.running_queue", words, unit=UNIT),
    )


def _requested(request: Request) -> Value:
    return Value("listener.requested", request.words, request.backlog.origin, label=request.backlog.label)


def _unchosen(request: Request, effective: Value, kernel: Kernel) -> Value:
    """Return the effective backlog where nobody chose one; its evidence names the place of `listen`, too.

    It is net.core.somaxconn where it is longer than the kernel's own somaxconn would let it be.
    """
    name = "listener.unchosen_backlog"
    if request.backlog.is_own_choice:
        return absent(name, "somebody chose the backlog", unit=UNIT)
    if not request.backlog.is_known:
        return unknown(name, request.backlog.origin.words, unit=UNIT)
    if request.family != "unix" and not request.address.rpartition(":")[2].isdecimal():
        return unknown(name, f"the port of {request.address}", unit=UNIT)
    places = (request.listen,) if request.listen.is_known and request.listen.is_written else ()
    unchosen = derive(
        name,
        lambda backlog, somaxconn, by_default: backlog if backlog <= by_default else somaxconn,
        effective,
        kernel.somaxconn,
        kernel.somaxconn_default,
        unit=UNIT,
        label=effective.label,
        words=effective.origin.words,
    )
    return unchosen._replace(inputs=(*effective.inputs, *places))


def _refused(request: Request) -> Value:
    name, label, place = "listener.refused_backlog", request.backlog.label, request.backlog.origin.place
    if not request.backlog.is_refused or place is None:
        return absent(name, "the program takes the backlog", label=label)
    return Value(name, place.source, Origin("file", str(place), place), label=label)


def _overflow(request: Request, kernel: Kernel, version: Version | None) -> Value:
    """Return what arrives of a number that does not fit a C int or, on old kernels, 16 bits."""
    asked = request.backlog.inputs[0] if request.backlog.inputs else request.backlog
    name, label, place = "listener.backlog_overflow", "what arrives", asked.origin.place
    if place and isinstance(asked.data, int) and asked.data != _number_at(place, asked.data):
        meaning = ", which means as much as the kernel allows" if asked.data < 0 else ""
        words = f"a C int keeps {asked.data} of it{meaning}"
        return Value(name, words, Origin("derived", "the lowest 32 bits"), label=label, inputs=(asked,))
    if place and request.backlog.is_known and version and not keeps_whole_backlog(version):
        return derive(
            name,
            lambda backlog, somaxconn: _cut_words(backlog, somaxconn, version),
            request.backlog,
            kernel.somaxconn,
            label=label,
            words=f"what kernel {version} keeps",
        )
    return Value(name, "", Origin("derived", "the number fits"), label=label)


def _number_at(place: Place, otherwise: int) -> int:
    """Return the decimal number that stands there, `otherwise` where none does."""
    number = DECIMAL.fullmatch(place.source)
    return int(number.group(1)) if number else otherwise


def _cut_words(backlog: int, somaxconn: int, version: Version) -> str:
    kept, whole = effective_backlog(backlog, somaxconn, version), min(backlog % 2**32, somaxconn % 2**32)
    return "" if kept == whole else f"kernel {version} keeps the lowest 16 bits of {whole}, that is {kept}"


def _syn_queue(request: Request, effective: Value, kernel: Kernel, target: Target) -> Value:
    name, label = "listener.syn_queue_capacity", "SYN queue capacity"
    if request.family == "unix":
        return absent(name, "a unix socket has no SYN queue", unit=UNIT, label=label)
    if request.family == "unknown":
        return unknown(name, "whether the socket is a unix socket is not known", unit=UNIT, label=label)
    version = kernel_version(target)
    fix = _zero_backlog_fix(target)
    if kernel.tcp_syncookies.is_known and kernel.tcp_syncookies.data and kernel.ignores_max_syn_backlog.data:
        return derive(
            name,
            lambda eff, cookies, fixed: syn_queue_capacity(eff, 0, cookies, version, fixed),
            effective,
            kernel.tcp_syncookies,
            fix,
            unit=UNIT,
            label=label,
            words="from the effective backlog; beyond it SYNs are answered by cookies",
        )
    return derive(
        name,
        lambda eff, maximum, cookies, fixed: syn_queue_capacity(eff, maximum, cookies, version, fixed),
        effective,
        kernel.tcp_max_syn_backlog,
        kernel.tcp_syncookies,
        fix,
        unit=UNIT,
        label=label,
        words="from the effective backlog and net.ipv4.tcp_max_syn_backlog",
    )


def _zero_backlog_fix(target: Target) -> Value:
    """Return whether the kernel lets a SYN queue hold one entry more, as since January 2025."""
    name, label = "kernel.zero_backlog_fix", "SYN queue fix of January 2025"
    version = target.patch_level("kernel")
    known = has_zero_backlog_fix(version) if version else None
    if known is not None:
        return Value(name, known, target.origin, label=label)
    options = (
        Option(False, (Condition("SYN queue fix", choice=NO_FIX_OF_JANUARY_2025),)),
        Option(True, (Condition("SYN queue fix", choice=FIX_OF_JANUARY_2025),)),
    )
    reason = "the kernel's patch level: give --target kernel=X.Y.Z"
    return undetermined(name, options, reason, label=label)
