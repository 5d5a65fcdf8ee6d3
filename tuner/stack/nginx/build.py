"""nginx's part of the Stack."""

import posixpath
from collections.abc import Iterable, Iterator, Sequence

from tuner.stack.hosts import HostFiles
from tuner.stack.include import IncludeReport
from tuner.stack.line_entities import DirectiveFault
from tuner.stack.model import ConnectTimeout, Kernel, Listener, Location, NginxMaster, Upstream
from tuner.stack.nginx.at_odds import directives_at_odds
from tuner.stack.nginx.blocks import Block, Configuration, load_configurations
from tuner.stack.nginx.buffers import mismatched_buffers
from tuner.stack.nginx.clashes import clashing_directives
from tuner.stack.nginx.connect_timeouts import build_connect_timeouts
from tuner.stack.nginx.faults import Fault, directive_faults, misused_directives
from tuner.stack.nginx.lacking import lacking_parts
from tuner.stack.nginx.listeners import build_listeners
from tuner.stack.nginx.locations import build_locations, build_upstreams
from tuner.stack.nginx.master import build_master
from tuner.stack.nginx.refused import RefusedWord, refused_words
from tuner.stack.nginx.rewriting import unreadable_rewriting
from tuner.stack.nginx.shared_names import doubled_names
from tuner.stack.nginx.undefined import undefined_names
from tuner.stack.nginx.variables import undefined_variables
from tuner.stack.target import Target
from tuner.stack.value import Origin, Value, unknown

INCLUDED_FOLDERS = frozenset(
    {"conf.d", "http.d", "sites-available", "sites-enabled", "snippets", "vhosts", "vhosts.d", "includes"}
)
UNSEEN = "host.has_unseen_listeners"
ALL_SEEN = Value(UNSEEN, False, Origin("derived", "every server was seen"))


class Nginx:
    """What the nginx files of one host say; `is_complete` where it is one main file with all it includes.

    `has_unseen_listeners` is False where no other file can bring listeners, else unknown.
    """

    def __init__(self) -> None:
        self.listeners: list[Listener] = []
        self.upstreams: list[Upstream] = []
        self.locations: list[Location] = []
        self.masters: list[NginxMaster] = []
        self.connect_timeouts: list[ConnectTimeout] = []
        self.refused: list[RefusedWord] = []
        self.faults: list[DirectiveFault] = []
        self.is_complete = False
        self.has_unseen_listeners: Value = ALL_SEEN


def build_nginx(host: HostFiles, kernel: Kernel, target: Target, report: IncludeReport) -> Nginx:
    """Return the listeners, upstreams and FastCGI locations of every nginx of `host`."""
    built = Nginx()
    loaded = load_configurations(host, report)
    roots = [configuration.root for configuration in loaded]
    for configurations in _instances(loaded, host):
        upstreams = {name: u for c in configurations for name, u in build_upstreams(c, target).items()}
        listeners, by_server = build_listeners([c.root for c in configurations], kernel, target)
        built.listeners += listeners
        built.upstreams += upstreams.values()
        passes = [p for c in configurations for p in build_locations(c, upstreams, by_server, target)]
        locations = [location for _, location in passes]
        built.locations += locations
        (first, *_) = configurations
        if first.root.is_complete:
            built.masters.append(build_master(first, listeners, locations, target))
        built.connect_timeouts += build_connect_timeouts(passes)
    built.faults = directive_faults(fault for root in roots for fault in _faults(root, target))
    built.refused = [word for root in roots for word in refused_words(root, target)]
    built.is_complete = len(loaded) == 1 and loaded[0].root.is_complete and not report.left_out_configuration
    built.has_unseen_listeners = _unseen_listeners(loaded, report)
    return built


def _unseen_listeners(loaded: Sequence[Configuration], report: IncludeReport) -> Value:
    """Return False where every server of the host's one nginx was seen, else unknown with the reason."""
    loose = [configuration.start.path for configuration in loaded if not configuration.root.is_complete]
    if loose:
        reason = f"no main file includes {loose[0]}"
    elif len(loaded) > 1:
        reason = "there is more than one main file of nginx"
    else:
        reason = report.open_end
    if not reason:
        return ALL_SEEN
    return unknown(UNSEEN, f"{reason}, so servers may be elsewhere")


def _faults(root: Block, target: Target) -> Iterator[Fault]:
    yield from misused_directives(root, target)
    yield from clashing_directives(root)
    yield from undefined_names(root)
    yield from undefined_variables(root)
    yield from unreadable_rewriting(root)
    yield from directives_at_odds(root)
    yield from mismatched_buffers(root)
    yield from lacking_parts(root, target)
    yield from doubled_names(root)


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
