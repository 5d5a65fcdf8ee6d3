"""Findings and stacks built by hand: what the reports are given, without rules and without parsers."""

from typing import Any, TypeVar

from pydantic import BaseModel

from tuner.formats.document import Kind
from tuner.judge.finding import Finding, Judgement, Location, Role, Undecided
from tuner.laws.version import Version
from tuner.source.span import Span
from tuner.source.text import Text
from tuner.source.tree import SourceFile
from tuner.stack.condition import Condition
from tuner.stack.files import ReadFile, Status
from tuner.stack.model import Kernel, Listener, Owner, Pool, Stack, Upstream
from tuner.stack.model import Location as NginxLocation
from tuner.stack.model import Path as RequestPath
from tuner.stack.value import (
    Data,
    Option,
    Origin,
    Override,
    Place,
    State,
    Value,
    absent,
    derive,
    undetermined,
    unknown,
)

Filled = TypeVar("Filled", bound=BaseModel)

OLD, NEW = Condition("kernel", until=Version.parse("5.4")), Condition("kernel", since=Version.parse("5.4"))


def place(text: Text, word: str, nth: int = 1) -> Place:
    """The `nth` occurrence of `word` in `text`."""
    encoded, at = word.encode("utf-8", "surrogateescape"), -1
    for _ in range(nth):
        at = text.data.index(encoded, at + 1)
    return Place(text, Span(at, at + len(encoded)))


def written(name: str, data: Data, where: Place, **more: Any) -> Value:  # noqa: ANN401
    return Value(name, data, Origin("file", str(where), where), **more)


def default(
    name: str, data: Data, words: str, unit: str = "", label: str = "", state: State = "known"
) -> Value:
    return Value(name, data, Origin("default", words), unit, state, label)


def unknown_somaxconn() -> Value:
    options = [Option(128, (OLD,)), Option(4096, (NEW,))]
    reason = "the default depends on the kernel version"
    return undetermined("kernel.somaxconn", options, reason, unit="connections", label="net.core.somaxconn")


def finding(
    *locations: tuple[Role, Place, str],
    message: str = "something is wrong",
    entity: str = "pool:www",
    evidence: tuple[Value, ...] = (),
    **more: Any,  # noqa: ANN401
) -> Finding:
    fields: dict[str, Any] = {
        "rule": "QUE001",
        "name": "backlog-clamped",
        "title": "The backlog is cut",
        "severity": "warning",
        "certainty": "certain",
        "condition": None,
        "fix": "",
        "requires": "",
    }
    return Finding(
        message=message,
        entity=entity,
        locations=tuple(Location(*location) for location in locations),
        evidence=evidence,
        **{**fields, **more},
    )


def judgement(*findings: Finding, undecided: tuple[Undecided, ...] = ()) -> Judgement:
    return Judgement(findings, undecided)


def read_file(path: str, kind: Kind | None, status: Status = "checked", reason: str = "") -> ReadFile:
    return ReadFile(SourceFile(path, path, Text(path, b"")), kind, status, reason)


def entity_of(kind: type[Filled], **fields: Any) -> Filled:  # noqa: ANN401
    """An entity whose other values are absent, its flags false and its texts empty."""
    for name, field in kind.model_fields.items():
        if field.is_required() and name not in fields:
            fields[name] = absent(name) if field.annotation is Value else (field.annotation or str)()
    return kind(**fields)


def kernel(somaxconn: Value, version: str = "6.1") -> Kernel:
    target = Origin("target", f"--target kernel={version}")
    return entity_of(
        Kernel,
        entity="kernel",
        version=Value("kernel.version", version, target, label="kernel"),
        somaxconn=somaxconn,
        tcp_max_syn_backlog=unknown(
            "kernel.tcp_max_syn_backlog",
            "it depends on the machine's memory",
            label="net.ipv4.tcp_max_syn_backlog",
        ),
        tcp_syncookies=default(
            "kernel.tcp_syncookies", 1, "default of kernel", label="net.ipv4.tcp_syncookies"
        ),
    )


def listener(owner: Owner, name: str, address: str, backlog: Value, somaxconn: Value) -> Listener:
    is_unix = address.startswith("unix:")
    effective = derive(
        "listener.effective_backlog",
        min,
        backlog,
        somaxconn,
        unit="connections",
        label="effective backlog",
        words="min(backlog, net.core.somaxconn)",
    )
    queue = derive(
        "listener.accept_queue_capacity",
        lambda effective_backlog: effective_backlog + 1,
        effective,
        unit="connections",
        words="effective backlog + 1",
    )
    syn_queue = absent("listener.syn_queue_capacity", "a unix socket has no SYN queue", unit="connections")
    return entity_of(
        Listener,
        entity=f"{owner}:{address}",
        owner=owner,
        name=name,
        address=address,
        family="unix" if is_unix else "tcp4",
        backlog=backlog,
        effective_backlog=effective,
        accept_queue_capacity=queue,
        syn_queue_capacity=syn_queue if is_unix else queue.renamed("listener.syn_queue_capacity"),
        sockets=Value("listener.sockets", 1, Origin("default", "one socket for all workers")),
    )


SYSCTL_FIRST = Text("etc/sysctl.d/10-base.conf", b"net.core.somaxconn = 1024\n")
SYSCTL = Text("etc/sysctl.d/60-web.conf", b"# queues\nnet.core.somaxconn = 4096\n")
POOL = Text(
    "etc/php/8.2/fpm/pool.d/www.conf",
    b"[www]\nlisten = /run/php/www.sock\nlisten.backlog = 65535\npm = dynamic\npm.max_children = 8\n",
)
SITE = Text(
    "etc/nginx/sites-enabled/shop.conf",
    b"server {\n  listen 80;\n  location ~ \\.php$ {\n    fastcgi_pass unix:/run/php/www.sock;\n"
    b"    fastcgi_read_timeout 300;\n  }\n}\n",
)


def known_somaxconn() -> Value:
    first = place(SYSCTL_FIRST, "1024")
    lost = Override(1024, Origin("file", str(first), first), "a later setting wins")
    where = place(SYSCTL, "4096")
    return written(
        "kernel.somaxconn",
        4096,
        where,
        unit="connections",
        label="net.core.somaxconn",
        overrides=(lost,),
    )


def shop(somaxconn: Value | None = None, entity: str = ".") -> Stack:
    """A host with one nginx listener, one location, one pool: listen.backlog 65535 of 4096."""
    limit = somaxconn or known_somaxconn()
    web = listener(
        "nginx",
        "shop.example, www.shop.example",
        "0.0.0.0:80",
        default("nginx.listen.backlog", 511, "default of nginx", "connections"),
        limit,
    )
    pool = _pool(limit)
    location = _location(web, pool)
    path = RequestPath(
        entity="path:shop", listener=web, location=location, member=location.fastcgi_pass, pool=pool
    )
    listeners = [web, pool.listener] if pool.listener else [web]
    return entity_of(
        Stack,
        entity=entity,
        kernel=kernel(limit),
        listeners=listeners,
        locations=[location],
        pools=[pool],
        paths=[path],
    )


def _pool(somaxconn: Value) -> Pool:
    asked = written(
        "pool.listen.backlog", 65535, place(POOL, "65535"), unit="connections", label="listen.backlog"
    )
    php = "default of php"
    return entity_of(
        Pool,
        entity="pool:www",
        name="www",
        listen=written("pool.listen", "/run/php/www.sock", place(POOL, "/run/php/www.sock")),
        pm=written("pool.pm", "dynamic", place(POOL, "dynamic")),
        max_children=written("pool.max_children", 8, place(POOL, "8\n"), unit="workers"),
        start_servers=default("pool.start_servers", 0, php, "workers"),
        min_spare_servers=default("pool.min_spare_servers", 0, php, "workers"),
        max_spare_servers=default("pool.max_spare_servers", 0, php, "workers"),
        request_terminate_timeout=default("pool.request_terminate_timeout", 0, php, "s", state="disabled"),
        listener=listener("php-fpm", "www", "unix:/run/php/www.sock", asked, somaxconn),
    )


def _location(web: Listener, pool: Pool) -> NginxLocation:
    passed = written("location.fastcgi_pass", "unix:/run/php/www.sock", place(SITE, "unix:/run/php/www.sock"))
    location = entity_of(
        NginxLocation,
        entity="location:shop.example~ \\.php$",
        server="shop.example",
        path="~ \\.php$",
        fastcgi_pass=passed,
        fastcgi_connect_timeout=default("location.fastcgi_connect_timeout", 60, "default of nginx", "s"),
        fastcgi_send_timeout=default("location.fastcgi_send_timeout", 60, "default of nginx", "s"),
        fastcgi_read_timeout=written("location.fastcgi_read_timeout", 300, place(SITE, "300"), unit="s"),
        listeners=[web],
        upstream=entity_of(Upstream, entity="upstream:php", name="unix:/run/php/www.sock", members=[passed]),
        pools=[pool],
    )
    pool.locations.append(location)
    return location
