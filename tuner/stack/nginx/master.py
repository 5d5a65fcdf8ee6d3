"""nginx itself: how many worker processes, connections and open files it has."""

import posixpath
from collections.abc import Sequence

from tuner.stack import defaults
from tuner.stack.model import Listener, Location, NginxMaster
from tuner.stack.nginx.blocks import Block, Configuration
from tuner.stack.nginx.values import open_files_limit, worker_connections, worker_processes
from tuner.stack.target import Target
from tuner.stack.value import Place, Value, may_be_set_by


def build_master(
    configuration: Configuration, listeners: Sequence[Listener], locations: Sequence[Location], target: Target
) -> NginxMaster:
    """Return one nginx that has a main file, with its sockets and its FastCGI locations."""
    root = configuration.root
    events = next(iter(root.named("events")), None)
    processes = next(iter(root.named("worker_processes")), events)
    name = posixpath.basename(configuration.start.path)
    return NginxMaster(
        entity=f"nginx:{name}",
        name=name,
        worker_processes=worker_processes(root, target),
        worker_connections=worker_connections(events, target) if events else _without_events(root, target),
        worker_rlimit_nofile=open_files_limit(root),
        events_at=_place(events),
        main_at=_place(processes),
        listeners=list(listeners),
        locations=list(locations),
    )


def _without_events(root: Block, target: Target) -> Value:
    """Return the default of worker_connections, in doubt where an include of the main level is not seen."""
    name = "worker_connections"
    default = defaults.default("nginx", name, f"nginx.{name}", target)
    return may_be_set_by(default, root.not_followed[0]) if root.not_followed else default


def _place(block: Block | None) -> Place | None:
    if block is None or block.directive is None or block.text is None:
        return None
    return Place(block.text, block.directive.name.span)
