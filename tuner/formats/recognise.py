"""What kind of file this is, from its path and from what stands in it.

The path proposes kinds, its last part first; a proposal counts only if the content bears it out. A file
without a proposal needs signals that no other program's configuration gives.
"""

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import PurePosixPath
from re import Pattern
from typing import NamedTuple

from tuner.formats.document import Kind
from tuner.formats.nginx_dump import is_dump
from tuner.formats.templates import is_template, made_path, prepare
from tuner.source.text import BOM, Text

HEAD_BYTES = 64 * 1024
"""No more of a file than this is looked at."""

_ENDINGS_OF_OTHERS = """
.bash .bat .c .cpp .css .go .h .htm .html .java .js .json .lua .mjs .php .phtml .pl .ps1 .py .rb .rs .scss .sh
.sql .ts .vcl .zsh .cfg .crt .csr .csv .env .gif .gz .hcl .ico .ini .jpg .key .lock .log .md .pem .pid .png
.properties .rst .service .so .sock .socket .svg .tar .tf .timer .toml .xml .yaml .yml .zip
"""
_OTHER_LANGUAGES = frozenset(_ENDINGS_OF_OTHERS.split())
_FOREIGN_START = re.compile(rb"#!|\s*+<[?!a-zA-Z]")
_FOREIGN_LINE = re.compile(rb"\n(?:(?:apiVersion|kind|services|version):|---[ \t\r]*+(?:\n|\Z))")
"""A line with the LF before it: a search for a fixed byte takes a tenth of one for the start of a line."""
_FOREIGN_SECTION = re.compile(
    rb"^\[(?:Unit|Service|Install|Socket|Timer|Path|Match|Network|PHP|mysqld?|client|uwsgi|supervisord|sysctl"
    rb"|(?:program|group|eventlistener):[^\]\n]*+)\]",
    re.MULTILINE,
)

_NGINX_DATA = re.compile(r"^(?:fastcgi|scgi|uwsgi|proxy)_params|^fastcgi\.conf|^mime\.types$")
_NAMES: tuple[tuple[Pattern[str], Kind], ...] = (
    (re.compile(r"sysctl"), "sysctl"),
    (re.compile(r"(?<![a-z])(?:php[0-9.]*+[-_.]?)?fpm(?![a-z])"), "php-fpm"),
    (re.compile(r"nginx|tengine|openresty|\.vhost$"), "nginx"),
    (re.compile(r"(?<![a-z])(?:redis|valkey|sentinel)(?![a-z])"), "redis"),
    (re.compile(r"^(?:www[0-9]*+(?![a-z0-9]).*|zz-docker.*|pools?)\.conf"), "php-fpm"),
    (_NGINX_DATA, "nginx"),
)
_FOLDERS: tuple[tuple[Pattern[str], Kind], ...] = (
    (re.compile(r"^sysctl\.d$"), "sysctl"),
    (re.compile(r"^(?:php.*fpm.*|fpm|pool\.d|pools)$"), "php-fpm"),
    (re.compile(r"^(?:.*nginx.*|tengine|openresty|sites[-_](?:available|enabled))$"), "nginx"),
    (re.compile(r"^(?:redis|valkey|sentinel)$"), "redis"),
)
_INCLUDED_FOLDERS = frozenset({"conf.d", "http.d", "snippets", "vhosts", "vhosts.d", "includes"})
_SITE_FOLDERS = frozenset({"sites-available", "sites-enabled", "sites_available", "sites_enabled"})

_COMMENT_MARKS = (b"#", b";")
_TRAILING_COMMENT = re.compile(rb"(?<=[;{}])[ \t]*+#.*")
_SECTION = re.compile(rb"\[[^\]=]++\]")
_ASSIGNMENT = re.compile(rb"[\w.\[\]/*-]++[ \t]*+=(?!=)")

_NGINX_BLOCK = re.compile(
    rb"(?:http|events|server|stream|types|upstream[ \t]++\S++|location[ \t][^{]++"
    rb"|(?:map|geo|split_clients)[ \t][^{;$]*+\$[^{;]++)[ \t]*+\{|location[ \t]++[=~^@/][^{;]++$"
)


class _Keys(NamedTuple):
    """Lines that begin with certain words, those that `line` finds as its first group.

    To look words up costs less than to compile a pattern of all of them.
    """

    line: Pattern[bytes]
    words: frozenset[bytes]
    beginnings: tuple[bytes, ...]

    def match(self, line: bytes) -> bool:
        """Say whether the line begins with one of the words, or with a longer one of the beginnings."""
        found = self.line.match(line)
        if found is None:
            return False
        word = found[1].lower()
        return word in self.words or word.startswith(self.beginnings)


def _split(*words: str) -> frozenset[bytes]:
    return frozenset(" ".join(words).encode().split())


_NGINX_STATEMENT = _Keys(
    re.compile(rb"([a-z_]++)(?:[ \t]++[^=;\s][^;]*+)?;"),
    _split(
        "listen server_name try_files access_log error_log add_header expires gzip worker_processes",
        "worker_connections sendfile keepalive log_format default_type server_tokens set_real_ip_from",
        "real_ip_header",
    ),
    (
        *(b"proxy_", b"fastcgi_", b"uwsgi_", b"gzip_", b"ssl_", b"worker_rlimit_", b"client_", b"tcp_no"),
        *(b"keepalive_", b"limit_req", b"limit_conn", b"open_file_cache"),
    ),
)
_NGINX_REWRITE = re.compile(
    rb"(?:rewrite[ \t]++\S++[ \t]|set[ \t]++\$\w|return[ \t]++[1-5]\d\d\b)(?:[ \t]++[^=;\s][^;]*+)?;"
)
_FPM_LINE = re.compile(rb"([\w.]++)(?:\[[^\]]*+\])?[ \t]*+=")
_FPM_OWN_KEY = _Keys(
    _FPM_LINE,
    _split(
        "pm php_value php_flag php_admin_value php_admin_flag request_terminate_timeout slowlog",
        "request_slowlog_timeout catch_workers_output decorate_workers_output clear_env",
        "security.limit_extensions process_control_timeout process.max process.priority access.log",
        "access.format",
    ),
    (b"pm.", b"listen.", b"emergency_restart_"),
)
_FPM_KEY = _Keys(
    _FPM_LINE,
    _split(
        "listen user group include pid daemonize error_log log_level log_limit chdir chroot prefix env",
        "events.mechanism systemd_interval process.dumpable apparmor_hat",
    ),
    (b"syslog.", b"rlimit_", b"ping.", b"request_terminate_timeout_"),
)
_REDIS_LINE = re.compile(rb"([\w-]++)(?:[ \t]|$)")
_REDIS_OWN_KEY = _Keys(
    _REDIS_LINE,
    _split(
        "tcp-backlog tcp-keepalive unixsocket unixsocketperm protected-mode maxmemory maxclients appendonly",
        "appendfsync appendfilename no-appendfsync-on-rewrite dbfilename stop-writes-on-bgsave-error",
        "replica slave replicaof slaveof masterauth client-output-buffer-limit activerehashing",
        "notify-keyspace-events sentinel rename-command lua-time-limit",
    ),
    (
        *(b"maxmemory-", b"auto-aof-", b"aof-", b"rdb", b"slowlog-", b"lazyfree-", b"replica-", b"slave-"),
        *(b"repl-", b"min-replicas-", b"min-slaves-", b"cluster-", b"hash-max-", b"zset-max-", b"set-max-"),
        *(b"list-", b"io-threads"),
    ),
)
_REDIS_SAVE = re.compile(rb"(?i:save)[ \t]++(?:\d++[ \t]++\d++|\"\")(?:[ \t]|$)")
_REDIS_KEY = _Keys(
    _REDIS_LINE,
    _split(
        "bind port timeout daemonize pidfile loglevel logfile databases dir include requirepass supervised",
        "hz user save loadmodule always-show-logo dynamic-hz jemalloc-bg-thread glueoutputbuf aclfile",
        "set-proc-title proc-title-template locale-collate",
    ),
    (
        *(b"syslog-", b"latency-", b"tls-", b"active", b"client-", b"vm-", b"hll-", b"stream-", b"crash-"),
        *(b"enable-", b"shutdown-", b"gopher-", b"oom-score-adj"),
    ),
)
_SYSCTL_LINE = re.compile(
    rb"-?[ \t]*+(?:abi|crypto|debug|dev|fs|kernel|net|sunrpc|user|vm)[./]"
    rb"(?!inet6?\.|link\.|isr\.|route\.|local\.)[\w*.:/@-]++[ \t]*+(?:=|$)"
)
_BSD_LINE = re.compile(
    rb"(?:compat|ddb|hw|kern|machdep|security|vfs|net\.(?:inet6?|link|isr|route|local))\.[\w.]++[ \t]*+="
)


class _Content(NamedTuple):
    """The lines of a file that are neither empty nor comment, without what surrounds them."""

    lines: tuple[bytes, ...]

    def count(self, *patterns: Pattern[bytes] | _Keys) -> int:
        return sum(any(pattern.match(line) for pattern in patterns) for line in self.lines)

    def has(self, number: int, *patterns: Pattern[bytes] | _Keys) -> bool:
        """Say whether so many lines match, without looking further than needed."""
        matching = (line for line in self.lines if any(pattern.match(line) for pattern in patterns))
        return sum(1 for _ in islice(matching, number)) == number

    def share(self, *patterns: Pattern[bytes] | _Keys) -> float:
        return self.count(*patterns) / len(self.lines)

    def stops(self) -> float:
        """The share of lines that end as lines of nginx do."""
        return sum(line.endswith((b";", b"{", b"}")) for line in self.lines) / len(self.lines)

    def is_certainly_nginx(self) -> bool:
        if self.has(3, _NGINX_STATEMENT, _NGINX_REWRITE):
            return True
        return self.has(1, _NGINX_BLOCK) and any(b";" in line for line in self.lines)

    def may_be_nginx(self) -> bool:
        """In nginx's folder the shape is enough: modules bring names that nobody can list."""
        if self.is_certainly_nginx():
            return True
        arrows = any(b"=>" in line for line in self.lines)
        ended = any(line.endswith((b";", b"; }", b";}")) for line in self.lines)
        return (
            (ended or self.has(1, _NGINX_BLOCK))
            and not arrows
            and self.stops() >= 0.5
            and self.share(_ASSIGNMENT) < 0.3
        )

    def is_certainly_fpm(self) -> bool:
        if self.count(_FPM_OWN_KEY):
            return self.share(_ASSIGNMENT, _SECTION) >= 0.5
        return (
            self.count(_SECTION) > 0 and self.count(_FPM_KEY) >= 2 and self.share(_FPM_KEY, _SECTION) >= 0.8
        )

    def may_be_fpm(self) -> bool:
        known = self.count(_FPM_OWN_KEY, _FPM_KEY, _SECTION)
        return known > 0 and self.share(_ASSIGNMENT, _SECTION) >= 0.5

    def is_certainly_redis(self) -> bool:
        return self.has(2, _REDIS_OWN_KEY, _REDIS_SAVE) and self.share(_REDIS_OWN_KEY, _REDIS_KEY) >= 0.8

    def may_be_redis(self) -> bool:
        plain = [line for line in self.lines if not line.endswith(b"}") or b"${" not in line]
        return _Content(tuple(plain or [b""])).stops() < 0.2 and self.share(_REDIS_OWN_KEY, _REDIS_KEY) >= 0.5

    def is_certainly_sysctl(self) -> bool:
        return self.share(_SYSCTL_LINE) >= 0.9 and not self.count(_BSD_LINE)

    def may_be_sysctl(self) -> bool:
        return self.share(_SYSCTL_LINE) >= 0.5 and self.count(_BSD_LINE) * 2 < self.count(_SYSCTL_LINE)

    def certain_kind(self) -> Kind | None:
        """Return the kind that the content alone proves."""
        if self.is_certainly_fpm():
            return "php-fpm"
        if self.is_certainly_sysctl():
            return "sysctl"
        if self.is_certainly_redis():
            return "redis"
        return "nginx" if self.is_certainly_nginx() and self.share(_ASSIGNMENT) < 0.3 else None

    def bears_out(self, kind: Kind) -> bool:
        """Say whether the content agrees with a kind that the path proposes."""
        match kind:
            case "php-fpm":
                return self.may_be_fpm()
            case "redis":
                return self.may_be_redis()
            case "sysctl":
                return self.may_be_sysctl()
            case "nginx":
                return self.may_be_nginx()


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
    proposals = tuple(_proposals(pure))
    content = _content(path, head)
    if not content.lines:
        return _kind_of_silent_file(pure, proposals)
    if _FOREIGN_SECTION.search(head) and not content.count(_FPM_OWN_KEY):
        return None
    for kind in proposals:
        if content.bears_out(kind):
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
    content = _content(path, head)
    bsd, linux = content.count(_BSD_LINE), content.count(_SYSCTL_LINE)
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


def _content(path: str, head: bytes) -> _Content:
    masked = prepare(Text(path, head), is_template(path, head)).data
    lines = (line.strip() for line in masked.splitlines())
    kept = (line for line in lines if line and line[:1] not in _COMMENT_MARKS)
    return _Content(tuple(_TRAILING_COMMENT.sub(b"", line) if b"#" in line else line for line in kept))
