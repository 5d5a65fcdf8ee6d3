"""What redis-server refuses once it has read every line: settings that do not go together."""

from tuner.source.regex import regex
from tuner.stack.redis.loading import Settings
from tuner.stack.redis.reading import Kept, Reading
from tuner.stack.redis.releases import Release

CLUSTER_BUS_OFFSET = 10000
PORT_CAP = 65535
NO_HOST = regex(r"[^A-Za-z0-9._:%*-]")
"""What neither an address nor a name that resolves can hold: a `#` or a comma, for instance."""


def refuse_at_start(reading: Reading, settings: Settings) -> None:
    """Add to `reading` what the server refuses when it starts with all its settings.

    Nothing is said where a template or an include that was not read may change one of them.
    """
    if settings.is_template or settings.not_followed or settings.named("sentinel"):
        return
    _cluster(reading)
    _users(reading)
    _addresses(reading)
    _nowhere(reading)
    _tls(reading)


def _cluster(reading: Reading) -> None:
    if reading.data("cluster-enabled") != "yes":
        return
    primary = reading.kept.get("replicaof")
    if primary and primary.data:
        _refuse(reading, primary, "replicaof directive not allowed in cluster mode")
    if reading.data("cluster-port"):
        return
    port = reading.kept.get("tls-port" if reading.data("tls-cluster") == "yes" else "port")
    if port and isinstance(port.data, int) and port.data > PORT_CAP - CLUSTER_BUS_OFFSET:
        _refuse(reading, port, f"too high for cluster mode: the bus listens {CLUSTER_BUS_OFFSET} above it")


def _users(reading: Reading) -> None:
    """Source: acl.c, ACLLoadUsersAtStartup()."""
    acl_file = reading.kept.get("aclfile")
    if acl_file and acl_file.data and reading.users:
        _refuse(reading, acl_file, "users are defined here and in an ACL file")


def _addresses(reading: Reading) -> None:
    bind = reading.kept.get("bind")
    if bind is None or bind.data is None or not (reading.data("port") or reading.data("tls-port")):
        return
    for word in bind.directive.args:
        parts = [word.text] if reading.release.is_before_7 else word.text.split() or [""]
        reason = next(filter(None, (_address_refusal(a, reading.release) for a in parts)), "")
        if reason:
            reading.refuse((bind.directive, bind.text), reason, word.span)
            return


def _address_refusal(address: str, release: Release) -> str:
    host = address.removeprefix("-")
    is_oldest = release.program == "redis" and str(release.version) == "6.0"
    if not host:
        return "Name or service not known" if release.is_before_7 or address else ""
    if NO_HOST.search(host) or (is_oldest and (address.startswith("-") or host in ("*", "::*"))):
        return "Could not create server TCP listening socket: Name or service not known"
    return ""


def _nowhere(reading: Reading) -> None:
    """Refuse a server without any socket. Source: server.c, initServer(), InitServerLast()."""
    port, tls_port = reading.kept.get("port"), reading.data("tls-port")
    is_silent = port is not None and port.data == 0 and tls_port == 0
    bind = reading.kept.get("bind")
    is_unbound = bind is not None and bind.data == "" and not reading.release.is_before_7
    culprit = port if is_silent else bind if is_unbound else None
    if culprit and reading.data("unixsocket") == "":
        _refuse(reading, culprit, "Configured to not listen anywhere, exiting")


def _tls(reading: Reading) -> None:
    """Refuse TLS without a certificate. Source: tls.c, tlsConfigure()."""
    needed = [reading.kept.get(name) for name in ("tls-port", "tls-replication", "tls-cluster")]
    switch = next((kept for kept in needed if kept and kept.data not in (0, "no", None)), None)
    if switch is None:
        return
    for name in ("tls-cert-file", "tls-key-file"):
        if reading.data(name) == "":
            _refuse(reading, switch, f"No {name} configured")
            return


def _refuse(reading: Reading, kept: Kept, reason: str) -> None:
    reading.refuse((kept.directive, kept.text), reason)
