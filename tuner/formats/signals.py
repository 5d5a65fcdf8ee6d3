"""What stands in a file: the lines that tell the configuration of one program from that of others."""

from itertools import islice
from re import Pattern
from typing import NamedTuple

from tuner.formats.document import Kind
from tuner.formats.templates import is_template, prepare
from tuner.source.regex import regex
from tuner.source.text import Text

_COMMENT_MARKS = (b"#", b";")
_TRAILING_COMMENT = regex(rb"(?<=[;{}])[ \t]*+#.*")
_SECTION = regex(rb"\[[^\]=]++\]")
_ASSIGNMENT = regex(rb"[\w.\[\]/*-]++[ \t]*+=(?!=)")

_NGINX_BLOCK = regex(
    rb"(?:http|events|server|stream|types|upstream[ \t]++\S++|location[ \t][^{]++"
    rb"|(?:map|geo|split_clients)[ \t][^{;$]*+\$[^{;]++)[ \t]*+\{|location[ \t]++[=~^@/][^{;]++$"
)


class Keys(NamedTuple):
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


_NGINX_STATEMENT = Keys(
    regex(rb"([a-z_]++)(?:[ \t]++[^=;\s][^;]*+)?;"),
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
_NGINX_REWRITE = regex(
    rb"(?:rewrite[ \t]++\S++[ \t]|set[ \t]++\$\w|return[ \t]++[1-5]\d\d\b)(?:[ \t]++[^=;\s][^;]*+)?;"
)
_UNLIKE_NGINX = regex(rb"\};|[A-Za-z][\w-]*+::")
"""What ends a block of syslog-ng or of BIND, and the names of apt."""

_FPM_LINE = regex(rb"([\w.]++)(?:\[[^\]]*+\])?[ \t]*+=")
FPM_OWN_KEY = Keys(
    _FPM_LINE,
    _split(
        "pm php_value php_flag php_admin_value php_admin_flag request_terminate_timeout slowlog",
        "request_slowlog_timeout catch_workers_output decorate_workers_output clear_env",
        "security.limit_extensions process_control_timeout process.max process.priority access.log",
        "access.format",
    ),
    (b"pm.", b"listen.", b"emergency_restart_"),
)
_FPM_KEY = Keys(
    _FPM_LINE,
    _split(
        "listen user group include pid daemonize error_log log_level log_limit chdir chroot prefix env",
        "events.mechanism systemd_interval process.dumpable apparmor_hat",
    ),
    (b"syslog.", b"rlimit_", b"ping.", b"request_terminate_timeout_"),
)
_REDIS_LINE = regex(rb"([\w-]++)(?:[ \t]|$)")
_REDIS_OWN_KEY = Keys(
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
_REDIS_SAVE = regex(rb"(?i:save)[ \t]++(?:\d++[ \t]++\d++|\"\")(?:[ \t]|$)")
_REDIS_KEY = Keys(
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
SYSCTL_LINE = regex(
    rb"-?[ \t]*+(?:abi|crypto|debug|dev|fs|kernel|net|sunrpc|user|vm)[./]"
    rb"(?!inet6?\.|link\.|isr\.|route\.|local\.)[\w*.:/@-]++[ \t]*+(?:=|$)"
)
_SYSCTL_OWN_KEY = regex(
    rb"-?[ \t]*+(?:net[./](?:core|ipv[46]|netfilter|bridge|unix|mptcp|nf_conntrack_max)|kernel[./]core_"
    rb"|fs[./](?:file-max|nr_open|aio-max|inotify|epoll|suid_|protected_)"
    rb"|(?:vm|kernel)[./][a-z_0-9]++[ \t]*+=[ \t]*+[-0-9])"
)
"""What no other program calls so: `user.name` and `fs.defaultFS` are names of others as well."""

BSD_LINE = regex(
    rb"(?:compat|ddb|hw|kern|machdep|security|vfs|net\.(?:inet6?|link|isr|route|local))\.[\w.]++[ \t]*+="
)


class Content(NamedTuple):
    """The lines of a file that are neither empty nor comment, without what surrounds them."""

    lines: tuple[bytes, ...]

    def count(self, *patterns: Pattern[bytes] | Keys) -> int:
        """Return how many lines match one of the patterns."""
        return sum(any(pattern.match(line) for pattern in patterns) for line in self.lines)

    def has(self, number: int, *patterns: Pattern[bytes] | Keys) -> bool:
        """Say whether so many lines match, without looking further than needed."""
        matching = (line for line in self.lines if any(pattern.match(line) for pattern in patterns))
        return sum(1 for _ in islice(matching, number)) == number

    def _share(self, *patterns: Pattern[bytes] | Keys) -> float:
        return self.count(*patterns) / len(self.lines)

    def _stops(self) -> float:
        """The share of lines that end as lines of nginx do."""
        return sum(line.endswith((b";", b"{", b"}")) for line in self.lines) / len(self.lines)

    def _is_certainly_nginx(self) -> bool:
        if self.has(3, _NGINX_STATEMENT, _NGINX_REWRITE):
            return True
        return self.has(1, _NGINX_BLOCK) and any(b";" in line for line in self.lines)

    def _may_be_nginx(self) -> bool:
        """In nginx's folder the shape is enough: modules bring names that nobody can list."""
        if self._is_certainly_nginx():
            return True
        if any(b"=>" in line for line in self.lines) or self.has(1, _UNLIKE_NGINX):
            return False
        ended = any(line.endswith((b";", b"; }", b";}")) for line in self.lines)
        return (
            (ended or self.has(1, _NGINX_BLOCK)) and self._stops() >= 0.5 and self._share(_ASSIGNMENT) < 0.3
        )

    def _is_certainly_fpm(self) -> bool:
        if self.count(FPM_OWN_KEY):
            return self._share(_ASSIGNMENT, _SECTION) >= 0.5
        return (
            self.count(_SECTION) > 0 and self.count(_FPM_KEY) >= 2 and self._share(_FPM_KEY, _SECTION) >= 0.8
        )

    def _may_be_fpm(self, *, is_loaded: bool) -> bool:
        """Where php-fpm loads every file the shape is enough; elsewhere half of the lines must be its own."""
        if self._share(_ASSIGNMENT, _SECTION) < 0.5:
            return False
        if is_loaded or self.has(1, FPM_OWN_KEY):
            return self.has(1, FPM_OWN_KEY, _FPM_KEY, _SECTION)
        return self._share(_FPM_KEY, _SECTION) >= 0.5

    def _is_certainly_redis(self) -> bool:
        return self.has(2, _REDIS_OWN_KEY, _REDIS_SAVE) and self._share(_REDIS_OWN_KEY, _REDIS_KEY) >= 0.8

    def _may_be_redis(self) -> bool:
        plain = [line for line in self.lines if not line.endswith(b"}") or b"${" not in line]
        return (
            Content(tuple(plain or [b""]))._stops() < 0.2 and self._share(_REDIS_OWN_KEY, _REDIS_KEY) >= 0.5
        )

    def _is_certainly_sysctl(self) -> bool:
        return self.has(1, _SYSCTL_OWN_KEY) and self._share(SYSCTL_LINE) >= 0.9 and not self.count(BSD_LINE)

    def _may_be_sysctl(self) -> bool:
        return self._share(SYSCTL_LINE) >= 0.5 and self.count(BSD_LINE) * 2 < self.count(SYSCTL_LINE)

    def certain_kind(self) -> Kind | None:
        """Return the kind that the content alone proves."""
        if self._is_certainly_fpm():
            return "php-fpm"
        if self._is_certainly_sysctl():
            return "sysctl"
        if self._is_certainly_redis():
            return "redis"
        return "nginx" if self._is_certainly_nginx() and self._share(_ASSIGNMENT) < 0.3 else None

    def bears_out(self, kind: Kind, *, is_loaded: bool) -> bool:
        """Say whether the content agrees with a kind that the path proposes.

        `is_loaded` says that the program loads whatever lies there under such a name.
        """
        match kind:
            case "php-fpm":
                return self._may_be_fpm(is_loaded=is_loaded)
            case "redis":
                return self._may_be_redis()
            case "sysctl":
                return self._may_be_sysctl()
            case "nginx":
                return self._may_be_nginx()


def content_of(path: str, head: bytes) -> Content:
    """Return the lines that count of what a file begins with; of a template, what is written out."""
    masked = prepare(Text(path, head), is_template(path, head)).data
    kept = [line for raw in masked.splitlines() if (line := raw.strip()) and line[:1] not in _COMMENT_MARKS]
    return Content(tuple(_TRAILING_COMMENT.sub(b"", line) if b"#" in line else line for line in kept))
