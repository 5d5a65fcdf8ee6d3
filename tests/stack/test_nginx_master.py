"""nginx's worker processes, connections and open files, where they stand or are left to defaults."""

from pathlib import Path

import pytest

from tests.trees import stack_of, stacks_of
from tuner.stack.live.machine import Machine, Reading
from tuner.stack.model import NginxMaster
from tuner.stack.value import Value

MAIN = "etc/nginx/nginx.conf"
HTTP = "http { server { listen 80; listen [::]:80; location / { fastcgi_pass 127.0.0.1:9000; } } }\n"


def master_of(root: Path, main: str) -> NginxMaster:
    (master,) = stack_of(root, {MAIN: main + HTTP}).nginx
    return master


def line_of(value: Value) -> int:
    assert value.origin.place
    return value.origin.place.text.line_number(value.origin.place.span.start)


def test_what_is_written(tmp_path: Path) -> None:
    main = "worker_processes 4;\nworker_rlimit_nofile 9000;\nevents {\n    worker_connections 4096;\n}\n"
    master = master_of(tmp_path, main)
    numbers = (master.worker_processes, master.worker_rlimit_nofile, master.worker_connections)
    assert [(value.data, line_of(value)) for value in numbers] == [(4, 1), (9000, 2), (4096, 4)]
    assert (master.entity, master.main_at and master.main_at.source) == (
        "nginx:nginx.conf",
        "worker_processes",
    )
    assert [listener.address for listener in master.listeners] == ["0.0.0.0:80", "[::]:80"]
    assert [location.path for location in master.locations] == ["/"]


def test_what_nobody_wrote(tmp_path: Path) -> None:
    master = master_of(tmp_path, "events {}\n")
    assert (master.worker_processes.data, master.worker_connections.data) == (1, 512)
    assert master.worker_rlimit_nofile.state == "absent"
    assert master.events_at == master.main_at
    assert master.events_at is not None
    assert master.events_at.source == "events"


def test_a_number_that_nginx_refuses_is_none(tmp_path: Path) -> None:
    master = master_of(tmp_path, "worker_rlimit_nofile many;\nevents { worker_connections -1; }\n")
    assert (master.worker_connections.is_refused, master.worker_rlimit_nofile.is_refused) == (True, True)


@pytest.mark.parametrize("include", ["", "include /srv/elsewhere/*.conf;\n"])
def test_without_events_an_include_that_is_not_seen_may_set_them(include: str, tmp_path: Path) -> None:
    master = master_of(tmp_path, include)
    assert (master.events_at, master.worker_connections.is_known) == (None, not include)


def test_a_file_that_no_main_file_includes_is_no_nginx(tmp_path: Path) -> None:
    assert stack_of(tmp_path, {"etc/nginx/conf.d/web.conf": "server { listen 80; }\n"}).nginx == []


def test_auto_is_as_many_as_the_machine_has_processors(tmp_path: Path) -> None:
    assert master_of(tmp_path, "worker_processes auto;\nevents {}\n").worker_processes.state == "unknown"
    machine = Machine(lambda _: [Reading("1")], processors=6)
    (stack,) = stacks_of(tmp_path, "debian-12", machine)
    processes = stack.nginx[0].worker_processes
    assert (processes.data, line_of(processes)) == (6, 1)
    assert processes.origin.words == "auto: 6 processors are online, this machine"
