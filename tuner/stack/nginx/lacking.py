"""Parts that nginx does not start without: `events`, an upstream's servers, a certificate where TLS is asked.

Judged only where every file that may hold the part was read. Sources: ngx_event_init_conf(),
ngx_http_upstream(), ngx_http_ssl_init() and ngx_http_ssl_merge_srv_conf().
"""

import posixpath
from collections.abc import Iterator

from tuner.formats.templates import made_path
from tuner.laws.version import Version
from tuner.stack.nginx.addresses import ListenAddress
from tuner.stack.nginx.blocks import Block
from tuner.stack.nginx.directives import forms_of
from tuner.stack.nginx.faults import ALSO_OF_OTHERS, Fault
from tuner.stack.nginx.listens import Listen, listens_of
from tuner.stack.target import Target
from tuner.stack.value import Place

KIND = "lacking"
MAIN_FILE = "nginx.conf"
DEFAULT_SERVER = ("default_server", "default")
FIRST_TO_ASK_FOR_CERTIFICATES = Version.parse("1.15.0")
"""Before it, a handshake failed instead. Source: nginx CHANGES 1.15.0, the ssl module."""


def lacking_parts(root: Block, target: Target) -> Iterator[Fault]:
    """Yield each block of a configuration that lacks what nginx needs there."""
    yield from _lacking_events(root)
    for http in [root] if root.context == "http" else root.named("http"):
        for upstream in http.named("upstream"):
            yield from _without_servers(upstream)
    if root.is_complete and not _is_open(root):
        for http in root.named("http"):
            yield from _lacking_certificates(http, target)


def _is_open(block: Block) -> bool:
    """Say whether something that was not read may stand in a block."""
    return bool(block.not_followed) or block.has_open_pattern or block.is_template


def _lacking_events(root: Block) -> Iterator[Fault]:
    """Yield a fault for a main file without `events`; one under another name may be included by another."""
    if not root.is_complete or _is_open(root) or root.named("events"):
        return
    for block in root.named("http", "stream", "mail")[:1]:
        name = posixpath.basename(made_path(block.text.path)) if block.text else ""
        if name == MAIN_FILE:
            yield from _fault(block, 'no "events" section in configuration')


def _without_servers(upstream: Block) -> Iterator[Fault]:
    """Yield a fault for an upstream without servers, unless another module's directive may bring them."""
    if _is_open(upstream) or upstream.named("server") or not upstream.is_block:
        return
    names = [name for name, _ in upstream.each_name()]
    if all(forms_of(name) and name not in ALSO_OF_OTHERS for name in names):
        yield from _fault(upstream, "no servers are inside upstream")


def _lacking_certificates(http: Block, target: Target) -> Iterator[Fault]:
    """Yield a fault for each server that answers for an address with TLS first and has no certificate."""
    version = target.version("nginx")
    if _is_open(http) or (version is not None and version < FIRST_TO_ASK_FOR_CERTIFICATES):
        return
    for address, listens in _by_address(http).items():
        if address.family == "unknown" or not any(listen.has_parameter("ssl") for listen in listens):
            continue
        first = next((x for x in listens if any(map(x.has_parameter, DEFAULT_SERVER))), listens[0])
        refuses_handshakes = _says(first.server, "ssl_reject_handshake", "on")
        for listen in listens if refuses_handshakes else [first]:
            if not _has_certificate(listen.server) and not _says(listen.server, "ssl_reject_handshake", "on"):
                told = 'no "ssl_certificate" is defined for the "listen ... ssl" directive'
                yield from _fault(listen.server, f"{told} of {address}")


def _by_address(http: Block) -> dict[ListenAddress, list[Listen]]:
    found: dict[ListenAddress, list[Listen]] = {}
    for server in http.named("server"):
        for listen in listens_of(server):
            found.setdefault(listen.address, []).append(listen)
    return found


def _has_certificate(server: Block) -> bool:
    """Say whether there is a certificate for a server, or may be in what was not read."""
    levels = list(server.upwards())[:2]
    return any(_is_open(level) or level.named("ssl_certificate") for level in levels)


def _says(server: Block, directive: str, word: str) -> bool:
    """Say whether the nearest `directive` of a server, or of http, says `word`."""
    found = next((level.named(directive) for level in server.upwards() if level.named(directive)), [])
    return bool(found) and found[0].arguments[:1] == [word]


def _fault(block: Block, told: str) -> Iterator[Fault]:
    if block.directive and block.text and block.parent and not block.is_template:
        yield Fault(KIND, told, Place(block.text, block.directive.name.span), block, block.name)
