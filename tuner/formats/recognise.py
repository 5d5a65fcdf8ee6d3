"""What kind of file this is, from its path and from what stands in it.

The path proposes kinds, its last part first; a proposal counts only if the content bears it out. A file
without a proposal needs signals that no other program's configuration gives.
"""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from re import Pattern

from tuner.formats.document import Kind
from tuner.formats.nginx_dump import is_dump
from tuner.formats.signals import BSD_LINE, FPM_OWN_KEY, SYSCTL_LINE, content_of
from tuner.formats.templates import made_path
from tuner.source.regex import regex
from tuner.source.text import BOM

HEAD_BYTES = 64 * 1024
"""No more of a file than this is looked at."""

_ENDINGS_OF_OTHERS = """
.bash .bat .c .cpp .css .go .h .htm .html .java .js .json .lua .mjs .php .phtml .pl .ps1 .py .rb .rs .scss .sh
.sql .ts .vcl .zsh .cfg .crt .csr .csv .env .gif .gz .hcl .ico .ini .jpg .key .lock .log .md .pem .pid .png
.properties .rst .service .so .sock .socket .svg .tar .tf .timer .toml .xml .yaml .yml .zip
"""
_OTHER_LANGUAGES = frozenset(_ENDINGS_OF_OTHERS.split())
_FOREIGN_START = regex(rb"#!|\s*+<[?!a-zA-Z]")
_FOREIGN_LINE = regex(
    rb"\n(?:(?:apiVersion|kind|services|version):|---[ \t\r]*+(?:\n|\Z)"
    rb"|[ \t]*+(?:fi|esac|done|endscript)[ \t\r]*+(?:\n|\Z))"
)
"""YAML, or a script of a shell or logrotate. The LF before it is a fixed byte, found ten times as fast."""
_FOREIGN_SECTION = regex(
    rb"^\[(?:Unit|Service|Install|Socket|Timer|Path|Match|Network|PHP|mysqld?|client|uwsgi|supervisord|sysctl"
    rb"|(?:program|group|eventlistener):[^\]\n]*+)\]",
    re.MULTILINE,
)
_NGINX_BY_STATEMENT = regex(rb"^[ \t]*+#+[ \t]*+fpmtune:[ \t]*+context[ \t]", re.MULTILINE)
"""A comment that says in which block of nginx the file is included."""

_NGINX_DATA = regex(r"^(?:fastcgi|scgi|uwsgi|proxy)_params|^fastcgi\.conf|^mime\.types$")
_NAMES: tuple[tuple[Pattern[str], Kind], ...] = (
    (regex(r"sysctl"), "sysctl"),
    (regex(r"(?<![a-z])(?:php[0-9.]*+[-_.]?)?fpm(?![a-z])"), "php-fpm"),
    (regex(r"nginx|tengine|openresty|\.vhost$"), "nginx"),
    (regex(r"(?<![a-z])(?:redis|valkey|sentinel)(?![a-z])"), "redis"),
    (regex(r"^(?:www[0-9]*+(?![a-z0-9]).*|zz-docker.*|pools?)\.conf"), "php-fpm"),
    (_NGINX_DATA, "nginx"),
)
_FOLDERS: tuple[tuple[Pattern[str], Kind], ...] = (
    (regex(r"^sysctl\.d$"), "sysctl"),
    (regex(r"^(?:php.*fpm.*|fpm|pool\.d|pools)$"), "php-fpm"),
    (regex(r"^(?:.*nginx.*|tengine|openresty|sites[-_](?:available|enabled))$"), "nginx"),
    (regex(r"^(?:redis|valkey|sentinel)$"), "redis"),
)
_INCLUDED_FOLDERS = frozenset({"conf.d", "http.d", "snippets", "vhosts", "vhosts.d", "includes"})
_LOADED_FOLDERS = frozenset({"pool.d", "php-fpm.d"})
_SITE_FOLDERS = frozenset({"sites-available", "sites-enabled", "sites_available", "sites_enabled"})


def recognise(path: str, data: bytes) -> Kind | None:
    """Return the kind of the file at `path`, or None for a file that fpmtune does not read.

    An empty file, or one of comments only, goes by its path.
    """
    if is_dump(data):
        return "nginx"
    pure = PurePosixPath(made_path(path.lower()))
    if (pure.parent.name == "sysctl.d" and pure.suffix == ".conf") or pure.parts[-2:] == (
        "etc",
        "sysctl.conf",
    ):
        return _kind_where_sysctl_looks(path, data)
    in_sites = not _SITE_FOLDERS.isdisjoint(pure.parts[:-1])
    if pure.name.startswith(".") or (pure.suffix in _OTHER_LANGUAGES and not in_sites):
        return None
    head = data[:HEAD_BYTES].removeprefix(BOM)
    if b"\0" in head or _FOREIGN_START.match(head) or _FOREIGN_LINE.search(b"\n" + head):
        return None
    if _NGINX_BY_STATEMENT.search(head):
        return "nginx"
    proposals = tuple(_proposals(pure))
    content = content_of(path, head)
    if not content.lines:
        return _kind_of_silent_file(pure, proposals)
    if _FOREIGN_SECTION.search(head) and not content.count(FPM_OWN_KEY):
        return None
    is_loaded = pure.parent.name in _LOADED_FOLDERS and ".conf" in pure.name
    for kind in proposals:
        if content.bears_out(kind, is_loaded=is_loaded):
            return kind
    if pure.suffix in ("", ".conf") or ".conf" in pure.name or proposals:
        return content.certain_kind()
    return None


def is_configuration_folder(path: str) -> bool:
    """Say whether a folder, by its name, is where a known kind has its files: nginx's ssl/ is not."""
    names = PurePosixPath(made_path(path.lower())).parts
    known = [any(pattern.search(name) for pattern, _ in _FOLDERS) for name in names]
    return any(known) and (known[-1] or names[-1] in _INCLUDED_FOLDERS)


def _kind_where_sysctl_looks(path: str, data: bytes) -> Kind | None:
    """Return sysctl for whatever lies where sysctl loads every file, hidden ones too, but for BSD's keys."""
    head = data[:HEAD_BYTES].removeprefix(BOM)
    content = content_of(path, head)
    bsd, linux = content.count(BSD_LINE), content.count(SYSCTL_LINE)
    is_binary = b"\0" in head and not linux
    return None if is_binary or bsd > linux else "sysctl"


def _kind_of_silent_file(pure: PurePosixPath, proposals: tuple[Kind, ...]) -> Kind | None:
    """Return the kind of a file that sets nothing: what its path says, if it is named as configuration."""
    folders = frozenset(pure.parts[:-1])
    if ".conf" not in pure.name and not folders & _SITE_FOLDERS and not _NGINX_DATA.search(pure.name):
        return None
    return proposals[0] if proposals else None


def _proposals(pure: PurePosixPath) -> Iterator[Kind]:
    yield from _kinds(_NAMES, pure.name)
    for folder in reversed(pure.parts[:-1]):
        yield from _kinds(_FOLDERS, folder)


def _kinds(table: tuple[tuple[Pattern[str], Kind], ...], name: str) -> Iterator[Kind]:
    return (kind for pattern, kind in table if pattern.search(name))
