"""A pool's socket: what it asks of listen(2), who can connect to it, and whom it lets in."""

from ipaddress import IPv6Address, ip_address

from tuner.source.regex import regex
from tuner.stack import defaults
from tuner.stack.address import pool_address
from tuner.stack.condition import Condition
from tuner.stack.listeners import Request, build_listener
from tuner.stack.model import Family, Kernel, Listener, Pool
from tuner.stack.php_fpm.reading import PoolReader, full_path
from tuner.stack.settings import as_text, php_fpm_integer
from tuner.stack.target import Target
from tuner.stack.value import Option, Origin, Override, Value, absent, derive, undetermined

ONDEMAND = "ondemand"
WRITABLE = "every local user may connect"
ONDEMAND_REPLACES = "pm = ondemand replaces a backlog below the default"
OCTAL_START = regex(r"\s*\+?([0-7]*)")
WRITE_FOR_OTHERS = 0o002
IPV6_LOOPBACK = IPv6Address(1).packed
IPV4_MAPPED = b"\0" * 10 + b"\xff\xff"


def listen_address(read: PoolReader) -> Value:
    """Return the pool's `listen`, a socket's path as an absolute one.

    Under a prefix that is not known it stays as it is written. Source: fpm_evaluate_full_path().
    """
    listen = read.as_written("listen", as_text)
    is_unix = listen.is_known and pool_address(str(listen.data))[1] == "unix"
    return full_path(listen, read.prefix()) if is_unix else listen


def passed_backlog(read: PoolReader, pm: Value, target: Target) -> tuple[Value, Value]:
    """Return the number php-fpm passes to listen(2), and whether pm = ondemand replaced the written one."""
    asked = read.with_default("listen.backlog", php_fpm_integer)
    name, label = "pool.backlog_is_replaced", "backlog replaced"
    manager = _ondemand_or_another(pm)
    if (
        not (asked.is_known and asked.is_written)
        or manager.state == "absent"
        or (manager.is_known and manager.data != ONDEMAND)
    ):
        return asked, Value(name, False, Origin("derived", "nothing is replaced"), label=label)
    default = defaults.default("php-fpm", "listen.backlog", "pool.default_backlog", target)
    default = default.renamed(default.name, "default of listen.backlog")
    passed = derive(
        asked.name,
        lambda number, least, pm: max(number, least) if pm == ONDEMAND else number,
        asked,
        default,
        manager,
        unit=asked.unit,
        label=asked.label,
        words=f"{ONDEMAND_REPLACES} by the default",
    )
    is_replaced = derive(
        name, _is_lost, manager, asked, default, label=label, words="pm = ondemand and below the default"
    )
    if passed.is_known and passed.data == asked.data:
        return asked, is_replaced
    if passed.is_known:
        lost = Override(asked.data or 0, asked.origin, ONDEMAND_REPLACES)
        passed = passed._replace(overrides=(lost, *asked.overrides))
    return passed, is_replaced


def least_backlog(pm: Value, target: Target) -> Value:
    """Return the least backlog that pm = ondemand takes, php-fpm's own default; absent under another pm."""
    if not (pm.is_known and pm.data == ONDEMAND):
        return absent("pool.least_backlog")
    default = defaults.default("php-fpm", "listen.backlog", "pool.least_backlog", target)
    return default.renamed(default.name, "least backlog under pm = ondemand")


def _is_lost(pm: str, number: int, least: int) -> bool:
    """Say whether another backlog than the written one counts: the kernel takes all negative ones as one."""
    return pm == ONDEMAND and number < least and max(number, least) >= 0


def _ondemand_or_another(pm: Value) -> Value:
    """Return the process manager; what a template leaves open may be ondemand or another."""
    if pm.state != "unknown" or pm.is_refused:
        return pm
    options = tuple(
        Option(manager, (Condition("pm", choice=words),))
        for manager, words in (("another", "pm is not ondemand"), (ONDEMAND, "pm = ondemand"))
    )
    return undetermined(pm.name, options, pm.origin.words, label=pm.label)


def build_pool_listener(pool: Pool, backlog: Value, kernel: Kernel, target: Target) -> Listener | None:
    """Return the pool's listener; None where the files at hand set neither address nor backlog."""
    if pool.listen.state == "absent" and not backlog.is_written:
        return None
    address, family = _address(pool.listen)
    request = Request(
        owner="php-fpm",
        name=pool.name,
        entity=pool.entity,
        address=address,
        family=family,
        listen=pool.listen,
        backlog=backlog,
        words=_request_in_words(backlog),
        sockets=Value("listener.sockets", 1, pool.listen.origin, label="sockets"),
    )
    return build_listener(request, kernel, target)


def _address(listen: Value) -> tuple[str, Family]:
    """Return address and family of a pool's socket; unknown where a hole stands for them."""
    if listen.is_known:
        return pool_address(str(listen.data))
    return (listen.origin.place.source if listen.origin.place else "an address set elsewhere"), "unknown"


def _request_in_words(backlog: Value) -> str:
    asked = backlog.inputs[0] if backlog.inputs else backlog
    if asked.origin.place:
        words = f"listen.backlog = {asked.origin.place.source}"
        return words if asked is backlog else f"{words} with pm = ondemand"
    return (
        f"no listen.backlog (php-fpm takes {backlog.data})"
        if backlog.is_known
        else "the default listen.backlog"
    )


def reach(listen: Value) -> Value:
    """Return who can connect as far as the address says it: nobody to one that no machine can have."""
    words = "the address"
    return derive("pool.reach", lambda text: _reach(str(text)), listen, label="open to", words=words)


def _reach(listen: str) -> str:
    address, family = pool_address(listen)
    if family == "unix":
        return "this machine"
    host = address.rpartition(":")[0].strip("[]")
    try:
        return _reach_of_bytes(ip_address(host).packed)
    except ValueError:
        return "this machine" if host == "localhost" else "a name"


def _reach_of_bytes(packed: bytes) -> str:
    packed = packed.removeprefix(IPV4_MAPPED) if len(packed) == 16 else packed
    if not any(packed):
        return "every address"
    return _reach_of_ipv4(packed) if len(packed) == 4 else _reach_of_ipv6(packed)


def _reach_of_ipv4(packed: bytes) -> str:
    first, second = packed[0], packed[1]
    if first == 127:
        return "this machine"
    if first == 0:
        return "nobody"
    is_private = first == 10 or (first == 172 and 16 <= second < 32) or (first == 192 and second == 168)
    is_shared = (first == 100 and 64 <= second < 128) or (first == 169 and second == 254)
    return "a private address" if is_private or is_shared else "a public address"


def _reach_of_ipv6(packed: bytes) -> str:
    if packed == IPV6_LOOPBACK:
        return "this machine"
    is_private = packed[0] & 0xFE == 0xFC or (packed[0] == 0xFE and packed[1] & 0xC0 == 0x80)
    return "a private address" if is_private else "a public address"


def others_may_write(listen_mode: Value) -> Value:
    """Return whether the socket's mode lets every local user connect."""
    name, words = "pool.others_may_write", "the last digit of the mode"
    if listen_mode.state == "absent":
        return Value(name, False, Origin("default", "default of php-fpm: 0660"), label=WRITABLE)
    return derive(name, _others_may_write, listen_mode, label=WRITABLE, words=words)


def _others_may_write(mode: str) -> bool:
    """Read the mode as strtoul() does: what is no octal digit ends the number."""
    found = OCTAL_START.match(mode)
    digits = found.group(1) if found else ""
    return bool(int(digits or "0", 8) & WRITE_FOR_OTHERS)


def void_clients(allowed_clients: Value) -> Value:
    """Return the entries of listen.allowed_clients that php-fpm cannot read, empty if it reads them all."""
    return derive(
        "pool.void_clients",
        _void_clients,
        allowed_clients,
        label="entries without effect",
        words="each entry must be one bare address",
    )


def _void_clients(text: str) -> str:
    entries = text.split(",") if text else []
    return ", ".join(f'"{entry}"' for entry in entries if not _is_address(entry))


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return "%" not in text
