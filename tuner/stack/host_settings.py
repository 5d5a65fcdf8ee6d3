"""Everything in force on a host, program by program."""

from tuner.stack.effective import HostSettings
from tuner.stack.hosts import HostFiles
from tuner.stack.include import IncludeReport
from tuner.stack.nginx.blocks import load_configurations
from tuner.stack.nginx.effective import nginx_settings
from tuner.stack.php_fpm.effective import php_fpm_settings
from tuner.stack.php_fpm.loading import load_instances
from tuner.stack.redis.effective import redis_settings
from tuner.stack.redis.loading import load_servers
from tuner.stack.sysctl.effective import Programs, sysctl_settings
from tuner.stack.target import Target


def host_settings(
    host: HostFiles, target: Target, *, programs: Programs = "linux", with_defaults: bool = False
) -> HostSettings:
    """Return the settings of every program of `host`, only what files set unless `with_defaults`.

    A host's own target counts before `target`. `programs` are those that set the kernel's keys.
    """
    meant = host.target or target
    report = IncludeReport()
    instances = load_instances(host, report, meant)
    configurations = load_configurations(host, report)
    servers = load_servers(host, report)
    pools = (php_fpm_settings(instance, meant, with_defaults=with_defaults) for instance in instances)
    return HostSettings(
        host.name,
        (
            *(group for groups in pools for group in groups),
            *nginx_settings(configurations, meant, with_defaults=with_defaults),
            *redis_settings(servers, meant, with_defaults=with_defaults),
            *sysctl_settings(host, meant, programs=programs, with_defaults=with_defaults),
        ),
    )
