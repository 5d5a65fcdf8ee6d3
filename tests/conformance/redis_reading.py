"""What fpmtune makes of a redis.conf in a folder, as one release of Redis or Valkey would load it there."""

from pathlib import Path
from typing import NamedTuple

from tuner.formats.redis import parse
from tuner.source.text import Text
from tuner.source.tree import Tree, collect
from tuner.stack.effective import SettingGroup
from tuner.stack.file_problems import note_problems
from tuner.stack.files import read_tree
from tuner.stack.grouping import group_hosts
from tuner.stack.include import IncludeReport
from tuner.stack.kernel import build_kernel
from tuner.stack.mentions import Mentions
from tuner.stack.redis.build import build_redis
from tuner.stack.redis.directives import knowledge_of
from tuner.stack.redis.effective import default_of, redis_settings
from tuner.stack.redis.loading import load_server
from tuner.stack.redis.releases import possible_releases
from tuner.stack.redis.verdicts import read_server
from tuner.stack.target import Target, parse_target

KERNEL = "kernel=6.1"
OWN_SOCKET = parse(Text("(command line)", b"unixsocket s"))
"""What every server was started with behind its file, so that it could be asked."""


class Outcome(NamedTuple):
    """What a start comes to. `error_lines` are 1-based, in whichever file they stand, in no order.

    `settings` are those that differ from the defaults, `listeners` the backlog in force by TCP address.
    """

    error_lines: frozenset[int]
    settings: dict[str, str]
    listeners: dict[str, int]

    @property
    def starts(self) -> bool:
        """Whether the server would start."""
        return not self.error_lines


def outcome_of(folder: Path, program: str, version: str, *, with_defaults: bool = False) -> Outcome:
    """Return what `folder`/main.conf comes to when the server is started in `folder`."""
    main = folder / "main.conf"
    target = parse_target(f"{program}={version},{KERNEL}")
    tree = collect([str(main), str(folder)], lambda _: True, accepts_nul=True)
    (host,) = group_hosts(tree, read_tree(tree, "redis", target))
    file = next(f for f in host.files if f.source.disk_path == str(main.resolve()))
    report = IncludeReport()
    settings = load_server(host, report, file, str(folder))
    settings.found.append((OWN_SOCKET.directives[0], OWN_SOCKET.text))
    release = possible_releases(file.path, target)[0]
    reading = read_server(settings, release)
    note_problems([f for f in host.files if f is file or f.path in settings.reached], report)
    places = [refusal.place for refusal in reading.refusals]
    places += [p.place for p in report.problems.values() if p.severity == "error"]
    lines = frozenset(place.text.position(place.span.start).line for place in places)
    (group,) = redis_settings([settings], target, with_defaults=with_defaults)
    kernel, _ = build_kernel(host, target, Mentions(Tree()))
    (server,) = build_redis([settings], kernel, target)
    listeners = {
        listener.address: int(str(listener.effective_backlog.data))
        for listener in server.listeners
        if listener.effective_backlog.is_known and listener.family != "unix"
    }
    return Outcome(lines, _printed(group, target, with_defaults=with_defaults), listeners)


def _printed(group: SettingGroup, target: Target, *, with_defaults: bool) -> dict[str, str]:
    """Return values as CONFIG GET prints them; those that equal the default only `with_defaults`."""
    release = possible_releases(group.instance, target)[0]
    known = knowledge_of(release).directives
    return {
        value.label: str(value.data)
        for value in group.values
        if value.is_known and (with_defaults or value.data != default_of(known[value.label], release))
    }
