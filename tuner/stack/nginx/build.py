"""nginx's part of the Stack."""

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass, field

from tuner.stack.hosts import HostFiles
from tuner.stack.include import IncludeReport
from tuner.stack.model import Kernel, Listener, Location, Upstream
from tuner.stack.nginx.blocks import Configuration, load_configurations
from tuner.stack.nginx.listeners import build_listeners
from tuner.stack.nginx.locations import build_locations, build_upstreams
from tuner.stack.target import Target

INCLUDED_FOLDERS = frozenset(
    {"conf.d", "http.d", "sites-available", "sites-enabled", "snippets", "vhosts", "vhosts.d", "includes"}
)


@dataclass(slots=True)
class Nginx:
    """What the nginx files of one host say."""

    listeners: list[Listener] = field(default_factory=list)
    upstreams: list[Upstream] = field(default_factory=list)
    locations: list[Location] = field(default_factory=list)


def build_nginx(host: HostFiles, kernel: Kernel, target: Target, report: IncludeReport) -> Nginx:
    """Return the listeners, upstreams and FastCGI locations of every nginx of `host`."""
    built = Nginx()
    for configurations in _instances(load_configurations(host, report), host):
        upstreams = {name: u for c in configurations for name, u in build_upstreams(c).items()}
        listeners, by_server = build_listeners([c.root for c in configurations], kernel, target)
        built.listeners += listeners
        built.upstreams += upstreams.values()
        for configuration in configurations:
            built.locations += build_locations(configuration, upstreams, by_server, target)
    return built


def _instances(configurations: Iterable[Configuration], host: HostFiles) -> list[list[Configuration]]:
    """Return what each nginx is made of: a main file, or all files beside each other without one.

    Files on their own in one folder, or in the folders of it that nginx's files usually lie in, are included
    by the same main file: they share sockets and upstreams.
    """
    mains: list[list[Configuration]] = []
    beside: dict[str, list[Configuration]] = {}
    for configuration in configurations:
        if configuration.root.is_complete:
            mains.append([configuration])
            continue
        folder = posixpath.dirname(host.host_path(configuration.start.source.disk_path))
        if posixpath.basename(folder) in INCLUDED_FOLDERS:
            folder = posixpath.dirname(folder)
        beside.setdefault(folder, []).append(configuration)
    return [*mains, *beside.values()]
