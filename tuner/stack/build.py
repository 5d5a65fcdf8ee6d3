"""From the files of a tree to one `Stack` a host."""

import posixpath
from collections.abc import Sequence

from tuner.formats.recognise import recognise
from tuner.source.tree import Tree
from tuner.stack.file_problems import hash_lines, note_problems, test_data
from tuner.stack.files import ReadFile
from tuner.stack.hosts import HostFiles
from tuner.stack.include import IncludeReport
from tuner.stack.join import join
from tuner.stack.kernel import build_kernel
from tuner.stack.line_entities import NotFollowed
from tuner.stack.mentions import Mentions
from tuner.stack.model import Stack
from tuner.stack.nginx.build import build_nginx
from tuner.stack.php_fpm.array_keys import build_array_keys
from tuner.stack.php_fpm.containers import image_folders, is_in_container
from tuner.stack.php_fpm.durations import build_durations
from tuner.stack.php_fpm.loading import load_instances
from tuner.stack.php_fpm.pools import build_pools
from tuner.stack.php_fpm.verify import find_refusals
from tuner.stack.queue_bounds import bound_queue
from tuner.stack.redis.build import build_redis
from tuner.stack.redis.loading import load_servers
from tuner.stack.redis.refused import refused_by_redis
from tuner.stack.refused import refused_values
from tuner.stack.services import services_of
from tuner.stack.sysctl.lines import build_lines
from tuner.stack.sysctl.order import passed_over
from tuner.stack.target import Target
from tuner.stack.unanswered import find_unused_pools, first_of, have_own_addresses, unanswered_addresses


def build_stacks(
    tree: Tree, hosts: Sequence[HostFiles], target: Target, sysctl_files: Sequence[ReadFile] = ()
) -> list[Stack]:
    """Return the request path of every host of `tree`; `sysctl_files` belong to each of them.

    A host's own target counts before `target`. A host's files grow by those that only an include makes known.
    """
    for host in hosts:
        stated = [*host.sysctl_files, *sysctl_files]
        host.by_path.update({_sysctl_path(file): file for file in stated})
        host.is_sysctl_stated = bool(stated)
    sysctl = frozenset(f.source.disk_path for host in hosts for f in host.files if f.kind == "sysctl")
    mentions = Mentions(tree, sysctl)
    return [_build(tree, host, host.target or target, mentions) for host in hosts]


def _sysctl_path(file: ReadFile) -> str:
    """Return where a file that was stated to be the target's lies there."""
    name = posixpath.basename(file.path)
    if name == "sysctl.conf":
        return "/etc/sysctl.conf"
    return f"/etc/sysctl.d/{name}" if name.endswith(".conf") else f"/etc/sysctl.d/{name}.conf"


def _build(tree: Tree, host: HostFiles, target: Target, mentions: Mentions) -> Stack:
    report = IncludeReport()
    kernel, sysctl = build_kernel(host, target, mentions)
    nginx = build_nginx(host, kernel, target, report)
    instances = load_instances(host, report, target)
    recipes = image_folders(tree)
    in_container = [is_in_container(instance, recipes) for instance in instances]
    services = services_of(target, [i.path for i in instances], is_image=any(v.data for v in in_container))
    pools = [
        pool
        for instance, is_image in zip(instances, in_container, strict=True)
        for pool in build_pools(instance, kernel, target, is_image, services.php_fpm(instance.path))
    ]
    refusals = find_refusals(instances, target)
    paths = join(nginx.locations, pools)
    unused = find_unused_pools(paths, pools)
    servers = load_servers(host, report)
    redis = build_redis(servers, kernel, target)
    for server, settings in zip(redis, servers, strict=True):
        server.service = services.redis(host.host_path(settings.file.source.disk_path))
    refused = refused_by_redis(servers, redis, target, report)
    for pool in pools:
        bound_queue(pool)
    note_problems(host.files, report)
    return Stack(
        entity=host.name,
        kernel=kernel,
        sysctl=sysctl,
        sysctl_lines=build_lines(host, kernel, sysctl, target),
        listeners=[
            *nginx.listeners,
            *(pool.listener for pool in pools if pool.listener),
            *(listener for server in redis for listener in server.listeners),
        ],
        locations=nginx.locations,
        upstreams=nginx.upstreams,
        nginx=nginx.masters,
        pools=pools,
        unused_pools=len(unused),
        first_unused_listen=first_of(unused),
        array_keys=[key for instance in instances for key in build_array_keys(instance)],
        durations=[duration for instance in instances for duration in build_durations(instance)],
        redis=redis,
        connect_timeouts=nginx.connect_timeouts,
        unanswered=unanswered_addresses(paths, pools),
        paths=paths,
        refused=refused_values(refusals.values, nginx.refused, refused.values),
        unknown_directives=refused.names,
        directive_faults=nginx.faults,
        php_fpm_faults=refusals.faults,
        hash_lines=hash_lines(host.files, target),
        test_data=test_data(host.files, host.covered),
        problems=list(report.problems.values()),
        not_followed=[*report.left_out.values(), *_outside_links(tree, host)],
        not_in_effect=[*report.without_effect, *passed_over(host)],
        has_every_pool=all(instance.is_complete for instance in instances) and have_own_addresses(pools),
        has_every_location=nginx.is_complete,
        has_unseen_listeners=nginx.has_unseen_listeners,
        service_manager=services.manager,
        nginx_service=services.nginx(path for path, file in host.by_path.items() if file.kind == "nginx"),
    )


def _outside_links(tree: Tree, host: HostFiles) -> list[NotFollowed]:
    """Return the links that lead out of the given paths and look like configuration by their name."""
    return [
        NotFollowed(
            target=f"{tree.shown[link]} -> {text}", place=None, reason="a link out of the given paths"
        )
        for link, text in host.outside_links.items()
        if text != "/dev/null" and host.host_path(link) not in host.links and recognise(tree.shown[link], b"")
    ]
