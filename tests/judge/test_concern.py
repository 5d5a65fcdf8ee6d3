"""What a check of one folder says of files that were only read along."""

from pathlib import Path

from tests.trees import stacks_of, write_tree
from tuner.judge.finding import Judgement
from tuner.judge.load import load_rules
from tuner.judge.run import judge

FPM = "etc/php/8.2/fpm/pool.d"
NGINX = """\
events {}
http {
    server {
        listen 80 backlog=70000;
        location / { fastcgi_pass unix:/run/php/www.sock; fastcgi_read_timeout 30s; }
        location /other { fastcgi_pass 10.1.2.3:9000; fastcgi_connect_timeout 50s; }
    }
}
"""
FILES = {
    f"{FPM}/www.conf": "[www]\nuser = www-data\nlisten = /run/php/www.sock\nlisten.backlog = 65535\n"
    "pm = static\npm.max_children = 5\nrequest_terminate_timeout = 100\n",
    "etc/nginx/nginx.conf": NGINX,
    "etc/redis/redis.conf": "bind 127.0.0.1\ntcp-backlog 0\n",
    "etc/sysctl.d/60-web.conf": "net.core.somaxconn = 1024\nnet.ipv4.tcp_fin_timeout = 9\n"
    "net.ipv4.tcp_syncookies = 0\n",
    "etc/sysctl.d/90-old.conf": "net.core.somaxconn = 512\nnet.ipv4.tcp_fin_timeout = 5\nthis is nothing\n",
}


def judged(root: Path, *folders: str) -> Judgement:
    write_tree(root, FILES)
    stacks = stacks_of(root, "debian-12")
    given = [str(root / folder) for folder in folders]
    return judge(stacks, load_rules(), is_asked=lambda path: any(path.startswith(g) for g in given))


def found(root: Path, *folders: str) -> set[tuple[str, str]]:
    judgement = judged(root, *folders)
    assert not judgement.crashes
    return {(f.name, f.entity) for f in judgement.findings if f.severity != "note"}


def test_a_check_of_the_pools(tmp_path: Path) -> None:
    names = found(tmp_path, FPM)
    assert ("backlog-clamped", "pool:www") in names
    assert any(name == "terminate-after-read-timeout" for name, _ in names)
    assert ("sysctl-overridden", "sysctl:net.core.somaxconn") in names
    assert ("syncookies-off", "kernel") in names
    entities = {entity for _, entity in names}
    assert not [e for e in entities if e.startswith(("nginx:0.0.0.0", "redis", "file:"))]
    assert ("sysctl-overridden", "sysctl:net.ipv4.tcp_fin_timeout") not in names


def test_a_check_of_nginx(tmp_path: Path) -> None:
    names = found(tmp_path, "etc/nginx")
    assert ("backlog-clamped", "nginx:0.0.0.0:80") in names
    assert any(name == "terminate-after-read-timeout" for name, _ in names)
    assert not {entity for _, entity in names if entity.startswith("redis")}


def test_a_check_of_everything_is_a_check_without_a_word_about_it(tmp_path: Path) -> None:
    asked = found(tmp_path, "etc")
    everything = judge(stacks_of(tmp_path, "debian-12"), load_rules()).findings
    assert asked == {(f.name, f.entity) for f in everything if f.severity != "note"}
    assert any(entity.startswith("file:") for _, entity in asked)
    assert any(entity.startswith("redis") for _, entity in asked)
