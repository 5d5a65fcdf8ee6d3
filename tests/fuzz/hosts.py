"""Random hosts: files of PHP-FPM, nginx, Redis and sysctl as people write them, oddly, but legally."""

from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.fuzz.handwriting import Handwriting
from tests.trees import write_tree

VERSIONS = (("8.2",), ("8.2",), ("7.4",), ("8.2", "8.3"))
BACKLOGS = (-1, 0, 1, 16, 128, 511, 4096, 65535)
WORKERS = (1, 2, 8, 64, 900)
SECONDS = (1, 5, 30, 60, 300)
NGINX = "etc/nginx"


class FpmPool(NamedTuple):
    """A pool: its section, and where nginx reaches it."""

    name: str
    reached: str
    section: list[str]


def write_generated(root: Path, random: Random) -> None:
    """Write one host, or two in one tree."""
    for folder in random.choice(((".",), (".",), (".",), ("hosts/one", "hosts/two"))):
        hand = Handwriting(random)
        write_tree(root / folder, {})
        for name, data in hand.files(_host(random, hand)).items():
            path = root / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


def _host(random: Random, hand: Handwriting) -> dict[str, str]:
    files: dict[str, str] = {}
    pools: list[FpmPool] = []
    for port, version in enumerate(random.choice(VERSIONS)):
        own = [_pool(random, hand, number, 9000 + 100 * port + number) for number in range(_few(random))]
        files |= _php_fpm(random, f"etc/php/{version}/fpm", own)
        pools += own
    return {**files, **_Site(random, hand, pools).files(), **_sysctl(random), **_redis(random, hand)}


def _few(random: Random) -> int:
    return random.choice((1, 1, 2, 3))


def _pool(random: Random, hand: Handwriting, number: int, port: int) -> FpmPool:
    listen, reached = random.choice(
        (
            *2 * ((f"/run/php/{port}.sock", f"unix:/run/php/{port}.sock"),),
            *2 * ((f"127.0.0.1:{port}", f"127.0.0.1:{port}"),),
            (str(port), f"127.0.0.1:{port}"),
            (f"[::]:{port}", f"127.0.0.1:{port}"),
            (f"[::1]:{port}", f"[::1]:{port}"),
            (f"localhost:{port}", f"localhost:{port}"),
        )
    )
    settings = [("user", "www-data"), ("listen", listen), *_manager(random)]
    settings += [("listen.backlog", random.choice(BACKLOGS)) for _ in range(random.choice((0, 1, 1, 2)))]
    times = ("request_terminate_timeout", random.choice(("0", "90s", "2m", "30", "301s")))
    settings += [times] * random.choice((0, 0, 1))
    random.shuffle(settings)
    comment = random.choice(((), ("; listen.backlog = 5",), ("", ";pm = static")))
    return FpmPool(f"p{number}", reached, [*comment, *(hand.assignment(*one) for one in settings)])


def _manager(random: Random) -> list[tuple[str, object]]:
    workers = random.choice(WORKERS)
    kind = random.choice(("static", "static", "dynamic", "ondemand"))
    settings: list[tuple[str, object]] = [("pm", kind), ("pm.max_children", workers)]
    if random.random() < 0.15:
        settings.append(("pm.max_children", random.choice(WORKERS[1:])))
        workers = min(workers, int(str(settings[-1][1])))
    if kind == "dynamic":
        least = random.randint(1, workers)
        most = random.randint(least, workers)
        settings += [("pm.min_spare_servers", least), ("pm.max_spare_servers", most)]
        settings += [("pm.start_servers", random.randint(least, most))] * random.randint(0, 1)
    if kind == "ondemand":
        settings += [("pm.process_idle_timeout", "10s")] * random.randint(0, 1)
    return settings


def _php_fpm(random: Random, folder: str, pools: list[FpmPool]) -> dict[str, str]:
    """Return the files of one php-fpm: a file for each pool, one for all, or sections in php-fpm.conf."""
    include = f"include = /{folder}/common.inc"
    shared = [f"listen.backlog = {random.choice(BACKLOGS)}", "request_terminate_timeout = 90s"]
    has_shared = random.random() < 0.3
    texts = {
        pool.name: "\n".join([f"[{pool.name}]", *pool.section, *[include] * _drawn(random, has_shared), ""])
        for pool in pools
    }
    main = "[global]\nerror_log = /var/log/php-fpm.log\n"
    files = {f"{folder}/common.inc": "\n".join((*random.sample(shared, 1), ""))} if has_shared else {}
    layout = random.choice(("each", "each", "one", "main"))
    if layout == "main":
        return {**files, f"{folder}/php-fpm.conf": main + "".join(texts.values())}
    own = {f"{folder}/pool.d/{name}.conf": text for name, text in texts.items()}
    if layout == "one":
        own = {f"{folder}/pool.d/www.conf": "\n".join(texts.values())}
    return {**files, **own, f"{folder}/php-fpm.conf": f"{main}include = /{folder}/pool.d/*.conf\n"}


def _drawn(random: Random, may_be: bool) -> int:
    return int(may_be and random.random() < 0.8)


class _Site:
    """What nginx has for some pools: upstreams, servers, and snippets that several of them include."""

    def __init__(self, random: Random, hand: Handwriting, pools: list[FpmPool]) -> None:
        self.random = random
        self.hand = hand
        self.pools = pools
        self.snippets: dict[str, str] = {}

    def files(self) -> dict[str, str]:
        """Return nginx.conf and all that it includes."""
        blocks = [self._of_pool(number, pool) for number, pool in enumerate(self.pools)]
        top = [*self._head(), "events {", self.hand.directive("worker_connections", "768"), "}", "http {"]
        top += self._times()
        layout = self.random.choice(("here", "here", "conf.d", "sites-enabled"))
        if layout == "here":
            return {f"{NGINX}/nginx.conf": _lines([*top, *blocks, "}"]), **self.snippets}
        include = f"{layout}/*.conf" if self.random.random() < 0.5 else f"/{NGINX}/{layout}/*.conf"
        sites = {f"{NGINX}/{layout}/{number}.conf": _lines([one]) for number, one in enumerate(blocks)}
        return {f"{NGINX}/nginx.conf": _lines([*top, f"include {include};", "}"]), **sites, **self.snippets}

    def _head(self) -> list[str]:
        number = self.random.choice(("auto", "1", "4"))
        head = [self.hand.directive("worker_processes", number)] * self.random.randint(0, 1)
        return head + [self.hand.directive("worker_rlimit_nofile", "1024")] * self.random.randint(0, 1)

    def _of_pool(self, number: int, pool: FpmPool) -> str:
        target, upstream = self._target(number, pool)
        locations = [self._location(r"~ \.php$", target)]
        locations += [
            self._location(f"/api{which}", target) for which in range(self.random.choice((0, 0, 1)))
        ]
        locations += self.random.choice((self._none, self._twice, self._in_if))(number, target)
        listen = self.hand.directive("listen", str(8000 + number))
        return _lines([*upstream, "server {", listen, *self._times(), *locations, "}"])

    def _target(self, number: int, pool: FpmPool) -> tuple[str, list[str]]:
        """Return what fastcgi_pass names, and the upstream {} that it takes."""
        if self.random.random() < 0.25:
            return pool.reached, []
        name = self.random.choice((f"php{number}", f"php-{number}.local", f"fpmtune_php{number}"))
        member = ["server", pool.reached]
        member += self.random.choice(([], [], [], ["max_conns=9"], ["weight=2", "fail_timeout=0"]))
        members = [_words(member)]
        if self.random.random() < 0.3:
            other = self.random.choice(self.pools).reached
            members.append(_words(["server", other, self.random.choice(("", "backup", "max_fails=0"))]))
        zone = self.random.choice(([], [], [f"zone {name} 64k;"]))
        kept = self.random.choice(([], [], [], ["keepalive 8;"]))
        return name, [f"upstream {name} {{", *zone, *members, *kept, "}"]

    def _location(self, pattern: str, target: str) -> str:
        lines = [self.hand.directive("fastcgi_pass", target), *self._times()]
        self.random.shuffle(lines)
        if self.random.random() < 0.1:
            return f"location {pattern} {{ {' '.join(line.partition('#')[0] for line in lines)} }}"
        return _lines([f"location {pattern} {{", *lines, "}"])

    def _times(self) -> list[str]:
        lines = []
        for name, share in (("fastcgi_read_timeout", 0.5), ("fastcgi_connect_timeout", 0.25)):
            if self.random.random() < share:
                seconds = self.random.choice(SECONDS)
                unit = self.random.choice(("", "s", "s", "000ms"))
                lines.append(self.hand.directive(name, f"{seconds}{unit}"))
        return lines

    def _none(self, *_: object) -> list[str]:
        return []

    def _twice(self, number: int, target: str) -> list[str]:
        """Return two locations that share a snippet."""
        name = f"snippets/php{number}.conf"
        self.snippets[f"{NGINX}/{name}"] = _lines(
            [self.hand.directive("fastcgi_pass", target), *self._times()]
        )
        return [f"location /{path} {{ include {name}; }}" for path in ("one", "two")]

    def _in_if(self, number: int, target: str) -> list[str]:
        """Return a location that passes on within an `if`, by a snippet or by itself."""
        passed = self.hand.directive("fastcgi_pass", target)
        if self.random.random() < 0.5:
            name = f"snippets/if{number}.conf"
            self.snippets[f"{NGINX}/{name}"] = passed + "\n"
            passed = f"include {name};"
        return ["location /if {", "if ($arg_php) {", passed, "}", "return 404;", "}"]


def _lines(lines: list[str]) -> str:
    return "\n".join((*lines, ""))


def _words(words: list[str]) -> str:
    return " ".join(filter(None, words)) + ";"


def _sysctl(random: Random) -> dict[str, str]:
    """Return up to three files that set net.core.somaxconn, the last one in force, or none."""
    names = (
        "etc/sysctl.conf",
        "etc/sysctl.d/10-base.conf",
        "etc/sysctl.d/60-web.conf",
        "etc/sysctl.d/99-z.conf",
    )
    files = {}
    for name in random.sample(names, random.choice((0, 1, 1, 2, 3))):
        lines = []
        for _ in range(random.choice((1, 1, 2))):
            key = random.choice(("net.core.somaxconn", "net.core.somaxconn", "net/core/somaxconn"))
            number = random.choice((16, 128, 512, 4096, 65535))
            lines.append(random.choice(("{} = {}", "{}={}", "-{} = {}", "  {}   =   {}")).format(key, number))
        lines += random.choice(((), ("# net.core.somaxconn = 1",), ("net.ipv4.tcp_max_syn_backlog = 128",)))
        files[name] = _lines(lines)
    return files


def _redis(random: Random, hand: Handwriting) -> dict[str, str]:
    if random.random() < 0.6:
        return {}
    lines = ["bind 127.0.0.1", "port 6379"]
    for name, numbers in (("maxclients", (10, 100, 10000)), ("tcp-backlog", (1, 128, 511))):
        for _ in range(random.choice((0, 1, 1, 2))):
            lines.append(hand.words(random.choice((name, name, name.upper())), str(random.choice(numbers))))
    return {"etc/redis/redis.conf": _lines(lines)}
