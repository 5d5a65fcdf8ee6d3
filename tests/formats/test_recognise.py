import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.formats.document import KINDS, Kind
from tuner.formats.recognise import HEAD_BYTES, recognise

POOL = b"[www]\nuser = www-data\nlisten = 9000\npm = dynamic\npm.max_children = 5\n"
GLOBAL = b"[global]\npid = /run/fpm.pid\nerror_log = /dev/stderr\ndaemonize = no\n"
SITE = b"server {\n  listen 80;\n  root /srv;\n  location / {\n    try_files $uri =404;\n  }\n}\n"
REDIS = b"bind 127.0.0.1\nport 6379\ntcp-backlog 511\nsave 900 1\nappendonly yes\nmaxmemory 1gb\n"
SYSCTL = b"# queues\nnet.core.somaxconn = 4096\nnet.ipv4.tcp_max_syn_backlog=4096\n-vm/swappiness = 1\n"
PARAMS = b"fastcgi_param  QUERY_STRING  $query_string;\nfastcgi_param  REQUEST_METHOD  $request_method;\n"
TYPES = b"types {\n    text/html  html htm;\n    text/css   css;\n}\n"
MODULE = b"pagespeed on;\npagespeed FileCachePath /var/cache;\n"
SUPERVISOR = b"[program:php-fpm]\ncommand = php-fpm\nuser = root\npriority = 5\n"
UNIT = b"[Unit]\nDescription=x\n[Service]\nLimitNOFILE=65535\n"
TUNED = b"[main]\nsummary=x\n[sysctl]\nnet.core.somaxconn=>2048\nvm.swappiness=10\nkernel.numa_balancing=0\n"
LOGSTASH = (
    b'input {\n  beats {\n    port => 5044\n  }\n}\nfilter {\n  mutate { add_field => { "a" => "b" } }\n}\n'
)
DOVECOT = b"protocols = imap\nservice imap {\n  user = root\n  client_limit = 5\n}\nlisten = *, ::\n"
PYTHON = b'import os\n\ndef main():\n    listen = os.environ["LISTEN"]\n    return listen\n'
SHELL = b"#!/bin/sh\nsysctl -w net.core.somaxconn=4096\n"
CONFIG_MAP = (
    b"apiVersion: v1\nkind: ConfigMap\ndata:\n  nginx.conf: |\n    server {\n      listen 80;\n    }\n"
)
APACHE = b"# php\n<VirtualHost *:80>\n  ServerName x\n  ProxyPassMatch ^/(.*)$ fcgi://127.0.0.1:9000/\n</VirtualHost>\n"
BSD = b"kern.ipc.somaxconn=4096\nnet.inet.tcp.mssdflt=1460\nhw.igb.rxd=4096\n"
BIND = b'zone "example.com" {\n  type master;\n  file "db.example";\n};\n'
CADDY = b"example.com {\n  root * /srv\n  php_fastcgi unix//run/php/fpm.sock\n}\n"
HAPROXY = b"global\n  maxconn 4096\nfrontend web\n  bind :80\n  timeout client 5s\n"
JENKINS = b"node {\n  if (env.X) {\n    def a = 1;\n  }\n  stage('x') { sh 'make'; }\n}\n"
UWSGI = b"[uwsgi]\nlisten = 100\nuser = x\nchdir = /srv\n"
LOGROTATE = b"/var/log/nginx/*.log {\n  daily\n  rotate 14\n  postrotate\n    kill -USR1 1;\n  endscript\n}\n"
SCRIPT = b"setup() {\n  if [ $1 ]; then\ncat > a.conf <<EOF\nserver {\n  listen 80;\n}\nEOF\n  fi\n}\n"
MY_CNF = b"[mysqld]\nuser = mysql\nport = 3306\nbind-address = 127.0.0.1\nmax_connections = 100\n"
XDEBUG = b"[xdebug]\nzend_extension = xdebug\nxdebug.mode = off\n"
GIT = b"[user]\n\tname = x\n\temail = x@example.com\n[core]\n\teditor = vi\n"
LIGHTTPD = b'server.modules = ( "mod_access" )\n$HTTP["host"] == "x" {\n  server.document-root = "/srv"\n}\n'
SYSLOG_NG = (
    b"source s_src {\n  system();\n  internal();\n};\ndestination d { file(x); };\nlog { source(s_src); };\n"
)
APT = b'APT::Periodic::Update "1";\nAPT::Periodic::Unattended-Upgrade "1";\n'
JAVA = b"user.name = shop\nuser.home = /srv\ndebug.level = 3\n"
HADOOP = b"fs.defaultFS=hdfs://a\nfs.s3a.access.key=x\n"
MONIT = b"check process nginx with pidfile /run/nginx.pid\n  if failed port 80 then restart\n"
FAIL2BAN = b"[Definition]\nfailregex = ^<HOST>\nignoreregex =\n"
SILENT = b"# nothing\n\n  # here\n"

TABLE: list[tuple[str, bytes, Kind | None]] = [
    ("php-fpm.conf", POOL, "php-fpm"),
    ("etc/php/8.2/fpm/php-fpm.conf", GLOBAL, "php-fpm"),
    ("etc/php/8.2/fpm/pool.d/shop.conf", POOL, "php-fpm"),
    ("php-fpm.d/zz-docker.conf", b"[www]\n", "php-fpm"),
    ("docker/zz-docker.conf", b"[global]\ndaemonize = no\n[www]\nlisten = 9000\n", "php-fpm"),
    ("www.conf", POOL, "php-fpm"),
    ("php/www.conf.default", POOL, "php-fpm"),
    ("etc/php5/fpm/common.conf", b"listen.backlog = -1\npm = static\n", "php-fpm"),
    (
        "templates/www.conf.j2",
        b"{% for p in pools %}\n[{{ p.name }}]\npm = {{ p.pm }}\n{% endfor %}\n",
        "php-fpm",
    ),
    ("pool.conf.erb", b"<% if @a %>\n[<%= @name %>]\nlisten = <%= @listen %>\n<% end %>\n", "php-fpm"),
    ("php-fpm.d/[client].conf", b"[client]\npm = static\npm.max_children = 2\n", "php-fpm"),
    ("conf/default.conf", POOL, "php-fpm"),
    ("somewhere/else", b"[global]\npid = x\ndaemonize = no\nerror_log = y\n", "php-fpm"),
    ("php-fpm.d/www.conf", b"; all\n;of it\n", "php-fpm"),
    ("php-fpm.d/www.conf", b"", "php-fpm"),
    ("php-fpm.conf", SUPERVISOR, None),
    ("php-fpm.ini", POOL, None),
    ("bin/php-fpm", SHELL, None),
    ("php-fpm.conf", b'<?xml version="1.0" ?>\n<configuration/>\n', None),
    ("www.conf", APACHE, None),
    ("php/fpm/uwsgi.conf", UWSGI, None),
    ("docker/php-fpm.conf", SITE, "nginx"),
    ("nginx.conf", SITE, "nginx"),
    ("nginx.tmpl", b"{{ range .Servers }}\nserver {\n listen {{ .Port }};\n}\n{{ end }}\n", "nginx"),
    ("etc/nginx/sites-available/example.com", SITE, "nginx"),
    ("sites-enabled/get.sh", SITE, "nginx"),
    ("sites-enabled/default", b"", "nginx"),
    ("nginx/fastcgi_params", PARAMS, "nginx"),
    ("nginx/mime.types", TYPES, "nginx"),
    ("nginx/fastcgi.conf", SILENT, "nginx"),
    ("nginx/conf.d/pagespeed.conf", MODULE, "nginx"),
    ("docker/default.conf", SITE, "nginx"),
    ("default.conf.template", b"server {\n  listen ${PORT};\n}\n", "nginx"),
    ("docker/app.conf", b"\xef\xbb\xbfupstream php { server php:9000; }\r\n", "nginx"),
    ("vhost", SITE, "nginx"),
    ("conf.d/default.conf", SILENT, None),
    ("conf.d/expires.conf", b"map $uri $expires {\n  default off;\n}\n", "nginx"),
    ("conf/php.conf", b"location ~ \\.php$\n{\n  fastcgi_pass unix:/x;\n}\n", "nginx"),
    ("docker/nginx/php-fpm.conf", b"location ~ \\.php$ {\n  include fastcgi.conf;\n}\n", "nginx"),
    ("app/pagespeed.conf", MODULE, None),
    ("app/default.conf", SILENT, None),
    ("nginx/.gitkeep", b"", None),
    ("nginx/README", b"Put your sites here.\n", None),
    ("nginx/Dockerfile", b"FROM nginx\nCOPY a b\n", None),
    ("etc/default/nginx", b"# DAEMON_OPTS\n", None),
    ("nginx/pipeline.conf", LOGSTASH, None),
    ("nginx/nginx.conf", CONFIG_MAP, None),
    ("nginx/nginx.conf", PYTHON, None),
    ("nginx/site.lua", SITE, None),
    ("etc/dovecot/conf.d/10-master.conf", DOVECOT, None),
    ("named.conf", BIND, None),
    ("Caddyfile", CADDY, None),
    ("Jenkinsfile", JENKINS, None),
    ("haproxy.conf", HAPROXY, None),
    ("etc/systemd/system/nginx.service.d/limits.conf", UNIT, None),
    ("redis.conf", REDIS, "redis"),
    ("redis-cache.conf", b"maxmemory 1gb\n", "redis"),
    ("valkey.conf", REDIS, "redis"),
    ("sentinel.conf", b"port 26379\nsentinel monitor m 127.0.0.1 6379 2\n", "redis"),
    ("etc/redis/servers/session.conf", b"include /etc/redis/redis.conf\nport 6380\n", "redis"),
    ("templates/redis.conf.j2", b"bind {{ ip }}\n{{ more }}\nport {{ port }}\n", "redis"),
    ("conf/cache.conf", REDIS, "redis"),
    ("redis.conf", SILENT, "redis"),
    ("nginx/conf.d/redis.conf", b"upstream redis {\n  server redis:6379;\n}\n", "nginx"),
    ("redis.conf", b"some text\nthat is no configuration\n", None),
    ("redis.conf", b"requirepass\n", "redis"),
    ("redis.conf", b"gopher-enabled no\n", "redis"),
    ("redis.conf", b"oom-score-adj yes\n", "redis"),
    ("redis.conf", b"bind\nport 6379\ntimeout ${TIMEOUT}\n", "redis"),
    ("redis.yml", REDIS, None),
    ("redis/Makefile", b"all:\n\tmake -C src\n", None),
    ("sysctl.conf", SYSCTL, "sysctl"),
    ("etc/sysctl.d/60-web.conf", SYSCTL, "sysctl"),
    ("sysctl.d/99-x.conf", b"", "sysctl"),
    ("nginx/sysctl.conf", SYSCTL, "sysctl"),
    ("php-fpm/tuning.conf", SYSCTL, "sysctl"),
    ("kernel", SYSCTL, "sysctl"),
    ("sysctl.conf.j2", b"{% for k in keys %}\nnet.core.somaxconn = {{ n }}\n{% endfor %}\n", "sysctl"),
    ("sysctl.conf", BSD, None),
    ("freebsd/tuning.conf", BSD, None),
    ("profiles/web/tuned.conf", TUNED, None),
    ("sysctl.sh", SHELL, None),
    ("pool-www.conf", POOL, "php-fpm"),
    ("my-redis-6380.conf", REDIS, "redis"),
    ("99-net.conf", SYSCTL, "sysctl"),
    ("net.conf", b"net.core.somaxconn = 4096\n", "sysctl"),
    ("vm.conf", b"vm.swappiness = 1\n", "sysctl"),
    ("vhost.conf", SITE, "nginx"),
    ("redis.conf", SITE, "nginx"),
    ("sysctl.conf", POOL, "php-fpm"),
    ("www.conf", SYSCTL, "sysctl"),
    ("nginx.conf", REDIS, "redis"),
    ("etc/logrotate.d/nginx", LOGROTATE, None),
    ("nginx/logrotate.conf", LOGROTATE, None),
    ("inc/nginx_vhost.inc", SCRIPT, None),
    ("php-fpm/my.cnf", MY_CNF, None),
    ("my.conf", MY_CNF, None),
    ("php-fpm/xdebug.conf", XDEBUG, None),
    ("php-fpm.d/xdebug.conf", XDEBUG, "php-fpm"),
    ("www.conf", GIT, None),
    ("nginx/lighttpd.conf", LIGHTTPD, None),
    ("nginx/syslog-ng.conf", SYSLOG_NG, None),
    ("nginx/apt.conf", APT, None),
    ("app.conf", JAVA, None),
    ("core.conf", HADOOP, None),
    ("monit/conf.d/nginx.conf", MONIT, None),
    ("fail2ban/filter.d/nginx-limit-req.conf", FAIL2BAN, None),
    ("fail2ban/filter.d/php-fpm.conf", FAIL2BAN, None),
    ("php-fpm/supervisord.conf", SUPERVISOR, None),
    ("nginx/httpd.conf", APACHE, None),
    ("sysctl.yml", SYSCTL, None),
]


@pytest.mark.parametrize(("path", "data", "kind"), TABLE)
def test_the_kind_of_a_file(path: str, data: bytes, kind: Kind | None) -> None:
    assert recognise(path, data) == kind
    assert recognise(path, data.replace(b"\n", b"\r\n")) == kind


def test_an_absolute_path_is_read_like_a_relative_one() -> None:
    assert recognise("/etc/nginx/nginx.conf", SITE) == "nginx"
    assert recognise("/srv/nginx-php-redis/kernel/60-web.conf", SYSCTL) == "sysctl"
    assert recognise("/srv/nginx-php-redis/pools/a.conf", POOL) == "php-fpm"


def test_binary_data_is_no_configuration() -> None:
    assert recognise("nginx.conf", b"server { listen 80; }\0") is None


def test_what_sysctl_loads_is_read_in_spite_of_a_nul_byte() -> None:
    assert recognise("etc/sysctl.d/50-a.conf", b"net.core.somaxconn = 1000\0x\n") == "sysctl"
    assert recognise("etc/sysctl.d/50-a.conf", b"\x7fELF\0\0\0") is None


def test_only_the_head_is_looked_at() -> None:
    filler = SITE * (HEAD_BYTES // len(SITE) + 1)
    assert recognise("site.conf", filler + b"\0" + POOL) == "nginx"


@given(
    st.sampled_from(["a.conf", "nginx/a", "www.conf", "redis.conf.j2", "sysctl.d/x.conf", "templates/a", ""]),
    st.one_of(
        st.binary(max_size=200), st.lists(st.sampled_from([POOL, SITE, REDIS, SYSCTL, UNIT])).map(b"".join)
    ),
)
def test_any_file_has_one_kind_or_none(path: str, data: bytes) -> None:
    assert recognise(path, data) in (*KINDS, None)


@pytest.mark.parametrize(
    "piece", [b"a", b" ", b"[", b"location ", b"map $a ", b"{{", b"-", b"a;", b"set $", b"replica-", b"\n"]
)
def test_the_time_is_bounded(piece: bytes) -> None:
    data = piece * (1_000_000 // len(piece))
    started = time.process_time()
    recognise("nginx/a.conf.j2", data)
    recognise("a.conf", data)
    assert time.process_time() - started < 1.0
