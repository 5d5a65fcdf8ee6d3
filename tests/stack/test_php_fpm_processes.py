"""Numbers of pm = dynamic: what is refused whatever a template fills in, and how fast a pool grows."""

from pathlib import Path

import pytest

from tests.trees import stack_of
from tuner.stack.model import Pool

LABELS = ("pm.max_children", "pm.start_servers", "pm.min_spare_servers", "pm.max_spare_servers")


def pool_with(root: Path, *numbers: object, pm: str = "dynamic", more: str = "") -> Pool:
    lines = "".join(f"{label} = {number}\n" for label, number in zip(LABELS, numbers, strict=True))
    text = f"[www]\nlisten = /run/www.sock\npm = {pm}\n{lines}{more}\n"
    (pool,) = stack_of(root, {"etc/php-fpm.d/www.conf": text}, "php=8.2").pools
    return pool


@pytest.mark.parametrize(
    ("numbers", "words", "culprit"),
    [
        (("${N}", 2, 0, 3), "pm.min_spare_servers (0) must be a positive value", "pm.min_spare_servers"),
        (
            ("${N}", 2, 3, 2),
            "pm.max_spare_servers (2) is less than pm.min_spare_servers (3)",
            "pm.max_spare_servers",
        ),
        (
            (5, 2, "${N}", 6),
            "pm.max_spare_servers (6) is greater than pm.max_children (5)",
            "pm.max_spare_servers",
        ),
        ((5, 1, 2, "${N}"), "pm.start_servers (1) is less than pm.min_spare_servers (2)", "pm.start_servers"),
        (
            (5, 4, "${N}", 3),
            "pm.start_servers (4) is greater than pm.max_spare_servers (3)",
            "pm.start_servers",
        ),
        ((0, "${N}", "${N}", "${N}"), "pm.max_children (0) must be a positive value", "pm.max_children"),
    ],
)
def test_refused_whatever_a_template_fills_in(
    numbers: tuple[object, ...], words: str, culprit: str, tmp_path: Path
) -> None:
    pool = pool_with(tmp_path, *numbers)
    assert (pool.spare_servers_refusal.data, pool.spare_servers_culprit.label) == (words, culprit)


@pytest.mark.parametrize(
    "numbers", [("${N}", 2, 1, 3), (5, "${N}", 1, 3), (5, 2, "${N}", 3), (5, 2, 1, "${N}")]
)
def test_what_a_template_fills_in_decides(numbers: tuple[object, ...], tmp_path: Path) -> None:
    pool = pool_with(tmp_path, *numbers)
    assert (pool.spare_servers_refusal.state, pool.ramp.state) == ("unknown", "unknown")


@pytest.mark.parametrize("children", [0, -1])
def test_no_process_manager_takes_a_pool_without_children(children: int, tmp_path: Path) -> None:
    pool = pool_with(tmp_path, children, 1, 1, 1, pm="${PM}")
    assert pool.spare_servers_refusal.data == f"pm.max_children ({children}) must be a positive value"


@pytest.mark.parametrize(
    ("numbers", "more", "seconds"),
    [
        ((5, 2, 1, 3), "", 3),
        ((60, 20, 20, 20), "", 6),
        ((60, 20, 20, 20), "pm.max_spawn_rate = 1", 40),
        ((50, 0, 5, 35), "", 8),
    ],
)
def test_the_ramp(numbers: tuple[int, ...], more: str, seconds: int, tmp_path: Path) -> None:
    ramp = pool_with(tmp_path, *numbers, more=more).ramp
    assert (ramp.data, ramp.unit) == (seconds, "s")


@pytest.mark.parametrize(("pm", "min_spare"), [("static", 1), ("ondemand", 1), ("dynamic", 9)])
def test_no_ramp_where_nothing_grows_step_by_step_or_php_fpm_does_not_start(
    pm: str, min_spare: int, tmp_path: Path
) -> None:
    assert pool_with(tmp_path, 5, 2, min_spare, 3, pm=pm).ramp.state == "absent"


@pytest.mark.parametrize(
    ("backlog", "is_replaced", "passed"), [("10", "unknown", "unknown"), ("-1", "known", "known")]
)
def test_a_template_may_choose_ondemand(backlog: str, is_replaced: str, passed: str, tmp_path: Path) -> None:
    text = f"[www]\nlisten = /a\npm = ${{PM}}\npm.max_children = 1\nlisten.backlog = {backlog}\n"
    target = "php=8.1" if backlog == "10" else "php=8.2"
    (pool,) = stack_of(tmp_path, {"etc/php-fpm.d/www.conf": text}, target).pools
    assert pool.listener
    assert (pool.backlog_is_replaced.state, pool.listener.backlog.state) == (is_replaced, passed)
    if passed == "unknown":
        found = {str(o.conditions[0]): o.data for o in pool.listener.backlog.options}
        assert found == {"pm is not ondemand": 10, "pm = ondemand": 511}
