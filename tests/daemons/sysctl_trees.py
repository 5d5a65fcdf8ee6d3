"""Trees of sysctl files, and what the real programs leave in the kernel after reading each.

Recorded with systemd-sysctl 252 and procps 4.0.2 on a kernel that starts at 4096. Only keys of net.* may
stand in these trees: they are applied for real, in a network namespace of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.trees import write_tree

KEY = "net.core.somaxconn"
DEFAULT = 4096
MAIN = "etc/sysctl.conf"
BOOT_LINK = {"etc/sysctl.d/99-sysctl.conf": "../sysctl.conf"}
FOLDERS = ("etc/sysctl.d", "run/sysctl.d", "usr/lib/sysctl.d")


@dataclass(frozen=True, slots=True)
class SysctlTree:
    """`boot` is net.core.somaxconn after systemd-sysctl, `system` after `sysctl --system`."""

    files: Mapping[str, str]
    boot: int
    system: int
    links: Mapping[str, str] = field(default_factory=dict)
    target: str = "kernel=6.1"

    def write(self, root: Path) -> None:
        for folder in FOLDERS:
            (root / folder).mkdir(parents=True)
        write_tree(root, self.files)
        for link, target in self.links.items():
            (root / link).symlink_to(target)

    @property
    def names_the_key(self) -> bool:
        """Whether a line sets the key by its name, not by a glob."""
        return any(f"{KEY} =" in text or "net/core/somaxconn" in text for text in self.files.values())

    @property
    def is_private(self) -> bool:
        """Whether every key is one of the network namespace."""
        lines = [line.strip() for text in self.files.values() for line in text.splitlines() if line.strip()]
        return all(line.lstrip("-. #;").startswith(("net.", "net/")) for line in lines)


def sets(*values: object) -> str:
    """Return a file that sets somaxconn to each of the values in turn."""
    return "".join(f"{KEY} = {value}\n" for value in values)


OTHER = {"etc/sysctl.d/00-other.conf": "net.ipv4.tcp_syncookies = 1\n"}
TREES = {
    "one file": SysctlTree({"etc/sysctl.d/50-t.conf": sets(1000)}, 1000, 1000),
    "C octal": SysctlTree({"etc/sysctl.d/50-t.conf": sets("01000")}, 512, 512),
    "C hexadecimal": SysctlTree({"etc/sysctl.d/50-t.conf": sets("0x400")}, 1024, 1024),
    "a number and a comment": SysctlTree({"etc/sysctl.d/50-t.conf": sets("1000 # x")}, 1000, 1000),
    "a number and a glued comment": SysctlTree({"etc/sysctl.d/50-t.conf": sets("1000#x")}, 4096, 4096),
    "a unit": SysctlTree({"etc/sysctl.d/50-t.conf": sets("4k")}, 4096, 4096),
    "a plus sign": SysctlTree({"etc/sysctl.d/50-t.conf": sets("+7")}, 4096, 4096),
    "quotes": SysctlTree({"etc/sysctl.d/50-t.conf": sets('"1024"')}, 4096, 4096),
    "a semicolon": SysctlTree({"etc/sysctl.d/50-t.conf": sets("1000;")}, 4096, 4096),
    "letters": SysctlTree({"etc/sysctl.d/50-t.conf": sets("12abc")}, 4096, 4096),
    "a zero and an eight": SysctlTree({"etc/sysctl.d/50-t.conf": sets("08")}, 4096, 4096),
    "negative": SysctlTree({"etc/sysctl.d/50-t.conf": sets("-1")}, 4096, 4096),
    "the largest": SysctlTree({"etc/sysctl.d/50-t.conf": sets(2**31 - 1)}, 2**31 - 1, 2**31 - 1),
    "two numbers": SysctlTree({"etc/sysctl.d/50-t.conf": sets("1000 2000")}, 1000, 1000),
    "the wrong folder": SysctlTree(
        {"etc/sysctl.d/50-t.conf": "net.ipv4.somaxconn = 7\n" + sets(1000)}, 1000, 1000
    ),
    "a key that is gone": SysctlTree(
        {"etc/sysctl.d/50-t.conf": "net.ipv4.tcp_tw_recycle = 1\n" + sets(1000)}, 1000, 1000
    ),
    "slashes": SysctlTree({"etc/sysctl.d/50-t.conf": "net/core/somaxconn=7\n"}, 7, 7),
    "slash after dot": SysctlTree({"etc/sysctl.d/50-t.conf": "net.core/somaxconn=7\n"}, 4096, 4096),
    "double dots": SysctlTree(
        {"etc/sysctl.d/50-t.conf": ".net..core..somaxconn=7\n"},
        7,
        7,
    ),
    "twice in a file": SysctlTree({"etc/sysctl.d/50-t.conf": sets(1000, 2000)}, 2000, 2000),
    "dots, then slashes": SysctlTree(
        {"etc/sysctl.d/50-t.conf": sets(1000) + "net/core/somaxconn = 2000\n"}, 2000, 2000
    ),
    "bad, then good": SysctlTree({"etc/sysctl.d/50-t.conf": sets("abc", 2000)}, 2000, 2000),
    "good, then bad": SysctlTree({"etc/sysctl.d/50-t.conf": sets(2000, "abc")}, 4096, 2000),
    "too large": SysctlTree({"etc/sysctl.d/50-t.conf": sets(2**31)}, 4096, 4096),
    "a dash": SysctlTree({"etc/sysctl.d/50-t.conf": f"-{KEY} = 7\n"}, 7, 7),
    "a dash and a blank": SysctlTree({"etc/sysctl.d/50-t.conf": f"- {KEY} = 7\n"}, 7, 4096),
    "the name decides, not the folder": SysctlTree(
        {"etc/sysctl.d/10-a.conf": sets(1), "usr/lib/sysctl.d/50-a.conf": sets(2)}, 2, 2
    ),
    "the first folder of a name": SysctlTree(
        {"etc/sysctl.d/50-a.conf": sets(1), "run/sysctl.d/50-a.conf": sets(2, 3)}, 1, 1
    ),
    "run before usr": SysctlTree(
        {**OTHER, "run/sysctl.d/50-a.conf": sets(1), "usr/lib/sysctl.d/50-a.conf": sets(2)}, 1, 1
    ),
    "order of bytes": SysctlTree(
        {"etc/sysctl.d/9-a.conf": sets(9), "etc/sysctl.d/100-b.conf": sets(100)}, 9, 9
    ),
    "capitals first": SysctlTree(
        {"etc/sysctl.d/B.conf": sets(1), "etc/sysctl.d/a.conf": sets(2), "etc/sysctl.d/_c.conf": sets(3)},
        2,
        2,
    ),
    "masked by an empty file": SysctlTree(
        {"etc/sysctl.d/50-a.conf": "", "usr/lib/sysctl.d/50-a.conf": sets(2)}, 4096, 4096
    ),
    "masked by /dev/null": SysctlTree(
        {**OTHER, "usr/lib/sysctl.d/50-a.conf": sets(2)}, 4096, 4096, {"etc/sysctl.d/50-a.conf": "/dev/null"}
    ),
    "masked by /dev/null, and nothing else in etc": SysctlTree(
        {"usr/lib/sysctl.d/50-a.conf": sets(2)},
        4096,
        4096,
        {"etc/sysctl.d/50-a.conf": "/dev/null"},
    ),
    "other endings": SysctlTree(
        {
            "etc/sysctl.d/60-php": sets(1),
            "etc/sysctl.d/61.conf.bak": sets(2),
            "etc/sysctl.d/62.CONF": sets(3),
            "etc/sysctl.d/sub/63.conf": sets(4),
            "etc/sysctl.d/10-a.conf": sets(5),
        },
        5,
        5,
    ),
    "hidden": SysctlTree({"etc/sysctl.d/.50-a.conf": sets(2), **OTHER}, 4096, 2),
    "sysctl.conf by the link": SysctlTree(
        {MAIN: sets(111), "etc/sysctl.d/60-php.conf": sets(222)}, 111, 111, BOOT_LINK
    ),
    "a name after the link": SysctlTree(
        {MAIN: sets(111), "etc/sysctl.d/99-z.conf": sets(222)}, 222, 111, BOOT_LINK
    ),
    "sysctl.conf without a link": SysctlTree(
        {MAIN: sets(111), "etc/sysctl.d/60-php.conf": sets(222)}, 222, 111, target="debian-13"
    ),
    "sysctl.conf alone without a link": SysctlTree({MAIN: sets(111)}, 4096, 111, target="debian-13"),
    "sysctl.conf in sysctl.d": SysctlTree(
        {MAIN: sets(6), "etc/sysctl.d/sysctl.conf": sets(5)}, 5, 6, BOOT_LINK
    ),
    "a file in the link's place": SysctlTree(
        {MAIN: sets(111), "etc/sysctl.d/99-sysctl.conf": sets(222)},
        222,
        111,
    ),
    "the link's name masked": SysctlTree(
        {MAIN: sets(111), "etc/sysctl.d/99-sysctl.conf": ""},
        4096,
        111,
    ),
    "a link of another name": SysctlTree(
        {MAIN: sets(111), "etc/sysctl.d/60-b.conf": sets(222)},
        222,
        111,
        {"etc/sysctl.d/50-a.conf": "../sysctl.conf"},
    ),
    "a link inside sysctl.d": SysctlTree(
        {"etc/sysctl.d/10-a.conf": sets(1), "etc/sysctl.d/20-b.conf": sets(2)},
        1,
        1,
        {"etc/sysctl.d/30-c.conf": "10-a.conf"},
    ),
    "a link into usr": SysctlTree(
        {"usr/lib/sysctl.d/10-a.conf": sets(1), "etc/sysctl.d/20-b.conf": sets(2)},
        1,
        1,
        {"etc/sysctl.d/30-c.conf": "/usr/lib/sysctl.d/10-a.conf"},
    ),
    "a glob": SysctlTree({"etc/sysctl.d/50-t.conf": "net.core.somax* = 7\n"}, 7, 7),
    "a glob of a level": SysctlTree({"etc/sysctl.d/50-t.conf": "net.*.somaxconn = 7\n"}, 7, 7),
    "a glob stays on its level": SysctlTree({"etc/sysctl.d/50-t.conf": "net.*somaxconn = 7\n"}, 4096, 4096),
    "a name before a glob": SysctlTree(
        {"etc/sysctl.d/10-a.conf": sets(1), "etc/sysctl.d/20-b.conf": "net.core.somax* = 7\n"}, 1, 1
    ),
    "a name excluded from a glob": SysctlTree(
        {"etc/sysctl.d/10-a.conf": f"-{KEY}\n", "etc/sysctl.d/20-b.conf": "net.core.somax* = 7\n"}, 4096, 4096
    ),
    "brackets": SysctlTree({"etc/sysctl.d/50-t.conf": "net.core.[s]omaxconn = 7\n"}, 7, 7),
    "two globs": SysctlTree({"etc/sysctl.d/50-t.conf": "net.core.somax* = 7\nnet.core.soma* = 8\n"}, 8, 8),
}
