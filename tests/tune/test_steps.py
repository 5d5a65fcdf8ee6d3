"""What is to be done after a plan: in their order, once each, with the names that the host knows."""

from pathlib import Path

import pytest

from tests.tune.hosts import FPM, NGINX_FILE, POOL_FILE, SYSCTL_FILE, Planned, host_files, quiet
from tuner.tune.demand import Wishes
from tuner.tune.plan import ORDER, Plan, Step
from tuner.tune.steps import steps_back

LONG = "listen.backlog = 65535"
RESTART = "php-fpm8.2 -t && systemctl restart php8.2-fpm"
REDIS_FILE = "etc/redis/redis.conf"


def said(plan: Plan) -> list[str]:
    return [step.command or f"by hand: {step.words}" for step in plan.steps]


def settings(step: Step) -> list[str]:
    return [found.setting for found in step.recommendations]


def planned(root: Path, files: dict[str, str], target: str = "", clients: int | None = None) -> Plan:
    return Planned(root, files, target=target, wishes=Wishes(clients=clients)).plan


def short(*, listen: str = "/run/php/www.sock", nginx: str = "") -> dict[str, str]:
    """Return a host whose pool has a queue for 128 and can do with thousands."""
    files = host_files(LONG, listen=listen, workers=600, somaxconn=128)
    return {**files, NGINX_FILE: files[NGINX_FILE].replace("listen 80;", f"listen 80{nginx};")}


def moved(files: dict[str, str], old: str, new: str) -> dict[str, str]:
    return {path.replace(old, new): text.replace(old, new) for path, text in files.items()}


def test_with_nothing_to_do_there_is_no_step(tmp_path: Path) -> None:
    host = Planned(tmp_path, host_files(LONG))
    host.bring_in()
    assert (host.plan.recommendations, host.plan.steps) == ((), ())


def test_a_backlog_takes_a_restart_that_says_its_price(tmp_path: Path) -> None:
    (step,) = planned(tmp_path, host_files(LONG)).steps
    assert (step.command, step.words, step.program) == (RESTART, "restart php8.2-fpm", "php-fpm")
    assert "all that wait in its queue get 502" in step.cost
    assert settings(step) == ["listen.backlog"]


def test_a_timeout_takes_a_reload_only(tmp_path: Path) -> None:
    files = host_files("listen.backlog = 10", "request_terminate_timeout = 60s")
    plan = Planned(tmp_path, files, measured=quiet()).plan
    assert said(plan) == ["php-fpm8.2 -t && systemctl reload php8.2-fpm"]
    assert "its queue stays" in plan.steps[0].cost


def test_a_restart_includes_the_reload(tmp_path: Path) -> None:
    files = host_files(LONG, "request_terminate_timeout = 60s")
    plan = Planned(tmp_path, files, measured=quiet()).plan
    assert said(plan) == [RESTART]
    assert settings(plan.steps[0]) == ["listen.backlog", "request_terminate_timeout"]
    assert {step.words for step in plan.first_steps().values()} == {"restart php8.2-fpm"}


def test_what_is_in_force_already_takes_no_step(tmp_path: Path) -> None:
    plan = planned(tmp_path, host_files("listen.backlog = 65535", somaxconn=10))
    assert [(found.recommended, found.requires) for found in plan.recommendations] == [(10, "nothing")]
    assert (plan.steps, plan.first_steps()) == ((), {})


def test_the_order_is_kernel_redis_php_fpm_nginx(tmp_path: Path) -> None:
    files = short(listen="127.0.0.1:9000", nginx=" backlog=511")
    files[REDIS_FILE] = "maxclients 100\ntcp-backlog 100\n"
    plan = planned(tmp_path, files, clients=2000)
    assert said(plan) == [
        "sysctl --system",
        "systemctl restart redis-server",
        RESTART,
        "nginx -t && systemctl restart nginx",
    ]
    assert settings(plan.steps[0]) == ["net.core.somaxconn"]
    assert settings(plan.steps[1]) == ["maxclients", "tcp-backlog"]
    assert settings(plan.steps[3]) == ["fastcgi_connect_timeout", "net.core.somaxconn"]
    assert [found.program for found in plan.recommendations] == sorted(
        (found.program for found in plan.recommendations), key=ORDER.index
    )
    assert "keeps its queue until it listens again" in plan.steps[0].cost
    assert plan.first_steps()[id(plan.recommendations[0])] is plan.steps[0]


@pytest.mark.parametrize("backlog", ["", " backlog=128"])
def test_nginx_is_reloaded_where_no_queue_of_its_own_grows(tmp_path: Path, backlog: str) -> None:
    files = short(listen="127.0.0.1:9000", nginx=backlog)
    assert "nginx -t && systemctl reload nginx" in said(planned(tmp_path, files, clients=2000))


def test_redis_listens_again_for_a_larger_somaxconn(tmp_path: Path) -> None:
    files = host_files("listen.backlog = 10", somaxconn=128)
    plan = planned(tmp_path, {**files, REDIS_FILE: "tcp-backlog 511\n"})
    assert said(plan) == ["sysctl --system", "systemctl restart redis-server"]
    assert settings(plan.steps[1]) == ["net.core.somaxconn"]


@pytest.mark.parametrize(
    ("lines", "command"),
    [
        ("", "redis-cli CONFIG SET maxclients 40"),
        ("bind 0.0.0.0\nport 6380\n", "redis-cli -p 6380 CONFIG SET maxclients 40"),
        ("bind 10.0.0.1\n", "redis-cli -h 10.0.0.1 CONFIG SET maxclients 40"),
        ('port 0\nunixsocket "/run/my redis"\n', "redis-cli -s '/run/my redis' CONFIG SET maxclients 40"),
        ("port 0\n", "by hand: CONFIG SET maxclients 40"),
    ],
)
def test_a_running_redis_takes_more_clients(tmp_path: Path, lines: str, command: str) -> None:
    files = {**host_files("listen.backlog = 10"), REDIS_FILE: f"maxclients 1\n{lines}"}
    assert said(planned(tmp_path, files)) == [command]


def test_each_php_fpm_comes_once_by_the_pools_that_change(tmp_path: Path) -> None:
    old = host_files(LONG)
    newer = moved(host_files("listen.backlog = 10"), "8.2", "8.3")
    oldest = moved(host_files(LONG), "8.2", "7.4")
    other = {f"{FPM}/pool.d/api.conf": old[POOL_FILE].replace("www", "api")}
    files = {**newer, **oldest, **old, **other}
    assert said(planned(tmp_path, files)) == ["php-fpm7.4 -t && systemctl restart php7.4-fpm", RESTART]


@pytest.mark.parametrize(
    ("folder", "command"),
    [
        ("etc", "php-fpm -t && systemctl restart php-fpm"),
        ("etc/php83", "php-fpm83 -t && rc-service php-fpm83 restart"),
        (
            "etc/opt/remi/php82",
            "/opt/remi/php82/root/usr/sbin/php-fpm -t && systemctl restart php82-php-fpm",
        ),
        ("usr/local/etc", "by hand: restart php-fpm"),
        ("srv/docker", "by hand: restart php-fpm"),
    ],
)
def test_the_service_by_its_folder(tmp_path: Path, folder: str, command: str) -> None:
    files = moved(host_files(LONG), FPM, folder)
    assert said(planned(tmp_path, moved(files, "pool.d", "php-fpm.d"))) == [command]


def test_alpine_sets_its_sysctls_and_services_otherwise(tmp_path: Path) -> None:
    files = moved(moved(short(nginx=" backlog=511"), FPM, "etc/php83"), "pool.d", "php-fpm.d")
    assert said(planned(tmp_path, files, clients=2000)) == [
        "rc-service sysctl restart",
        "php-fpm83 -t && rc-service php-fpm83 restart",
        "nginx -t && rc-service nginx restart",
    ]


def test_another_release_than_the_folder_s_names_no_service(tmp_path: Path) -> None:
    assert said(planned(tmp_path, host_files(LONG), "rhel-9")) == ["by hand: restart php-fpm"]


def test_the_namespace_of_a_container_is_set_from_outside(tmp_path: Path) -> None:
    plan = planned(tmp_path, {"Dockerfile": "FROM php:fpm\n", **short()}, clients=2000)
    assert said(plan)[0].startswith("by hand: set it for the containers")
    assert said(plan)[1] == "by hand: restart php-fpm"


def test_sysctl_system_is_not_run_where_it_would_set_another_number(tmp_path: Path) -> None:
    files = short()
    files["etc/sysctl.d/99-sysctl.conf"] = files[SYSCTL_FILE]
    files["etc/sysctl.conf"] = "net.core.somaxconn = 100\n"
    (step, *_) = planned(tmp_path, files, clients=2000).steps
    number = next(found.recommended for found in step.recommendations)
    assert step.command == f"sysctl -w net.core.somaxconn={number}"
    assert "sysctl --system would set 100" in step.cost


def ways_back(root: Path, files: dict[str, str], clients: int | None = None) -> tuple[Planned, list[str]]:
    host = Planned(root, files, wishes=Wishes(clients=clients))
    steps = steps_back(host.stack, host.plan.steps)
    return host, [step.command or f"by hand: {step.words}" for step in steps]


def test_the_way_back_sets_what_was_there_and_restarts_the_same(tmp_path: Path) -> None:
    files = {**host_files(LONG), REDIS_FILE: "maxclients 1\n"}
    _, said = ways_back(tmp_path, files)
    assert said == ["redis-cli CONFIG SET maxclients 1", RESTART]


def test_a_sysctl_that_no_file_has_any_more_is_set_to_its_former_number(tmp_path: Path) -> None:
    files = short(nginx=" backlog=511")
    assert ways_back(tmp_path / "written", files, 2000)[1][0] == "sysctl --system"
    del files[SYSCTL_FILE]
    files["etc/sysctl.d/README"] = ""
    host = Planned(tmp_path / "new", files, target="kernel=5.3", wishes=Wishes(clients=2000))
    assert steps_back(host.stack, host.plan.steps)[0].command == "sysctl -w net.core.somaxconn=128"


def test_what_no_file_was_changed_for_takes_nothing_back(tmp_path: Path) -> None:
    host, said = ways_back(tmp_path, host_files(LONG))
    assert said == [RESTART]
    unwritten = {id(found) for found in host.plan.recommendations}
    assert steps_back(host.stack, host.plan.steps, unwritten) == ()
