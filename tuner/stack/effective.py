"""Every setting in force of every program of a host: what the programs themselves would print."""

from typing import Literal, NamedTuple

from tuner.stack.value import Value

Program = Literal["php-fpm", "nginx", "redis", "sysctl"]


class SettingGroup(NamedTuple):
    """The settings of one part of one program.

    `instance` is the path of the program's main file as users see it, for sysctl the program that sets the
    keys (`boot`: systemd-sysctl, `system`: `sysctl --system`). `section` is `global` or `pool:NAME` for
    php-fpm, the block's path for nginx, else empty. The label of a value is the program's own name for it;
    no two of a group have the same.
    """

    program: Program
    instance: str
    section: str
    values: tuple[Value, ...]


class HostSettings(NamedTuple):
    """The settings of every program of one host."""

    name: str
    groups: tuple[SettingGroup, ...]
