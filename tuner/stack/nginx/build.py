"""nginx's part of the Stack."""

from dataclasses import dataclass, field

from tuner.stack.hosts import HostFiles
from tuner.stack.include import IncludeReport
from tuner.stack.model import Kernel, Listener, Location, Upstream
from tuner.stack.nginx.blocks import load_configurations
from tuner.stack.nginx.listeners import build_listeners
from tuner.stack.nginx.locations import build_locations, build_upstreams
from tuner.stack.target import Target


@dataclass(slots=True)
class Nginx:
    """What the nginx files of one host say."""

    listeners: list[Listener] = field(default_factory=list)
    upstreams: list[Upstream] = field(default_factory=list)
    locations: list[Location] = field(default_factory=list)


def build_nginx(host: HostFiles, kernel: Kernel, target: Target, report: IncludeReport) -> Nginx:
    """Return the listeners, upstreams and FastCGI locations of every nginx configuration of `host`.

    Files on their own, whose main file is not among the given paths, are taken as included into one nginx:
    their upstreams are known to each other.
    """
    built = Nginx()
    configurations = load_configurations(host, report)
    shared = {
        name: upstream
        for configuration in configurations
        if not configuration.root.is_complete
        for name, upstream in build_upstreams(configuration).items()
    }
    for configuration in configurations:
        own = build_upstreams(configuration) if configuration.root.is_complete else {}
        upstreams = {**shared, **own}
        listeners, by_server = build_listeners(configuration, kernel, target)
        built.listeners += listeners
        built.upstreams += own.values()
        built.locations += build_locations(configuration, upstreams, by_server, target)
    built.upstreams += shared.values()
    return built
