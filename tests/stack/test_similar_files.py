"""A file that is not there, and the one beside it that may be meant."""

from pathlib import Path

import pytest

from tests.trees import stack_of
from tuner.stack.include import SEARCHES_CAP, IncludeReport
from tuner.stack.similar_files import did_you_mean


@pytest.mark.parametrize(
    ("written", "names", "meant"),
    [
        ("rewrite/nomal.conf", ["normal.conf", "wordpress.conf"], "rewrite/normal.conf"),
        ("/etc/nginx/a.com-generic.conf", ["mail-generic.conf"], "/etc/nginx/mail-generic.conf"),
        ("nomal.conf", ["normal.conf"], "normal.conf"),
        ("conf.d/a.conf", ["b.conf"], ""),
        ("conf.d/shop.conf", [], ""),
    ],
)
def test_the_stem_decides_and_not_the_suffix(written: str, names: list[str], meant: str) -> None:
    assert did_you_mean(written, names) == (f"; did you mean {meant}?" if meant else "")


def test_the_first_missing_files_get_the_advice() -> None:
    report = IncludeReport()
    answers = [report.similar_to("shap.conf", ["shop.conf"]) for _ in range(SEARCHES_CAP + 1)]
    assert set(answers[:-1]) == {"; did you mean shop.conf?"}
    assert answers[-1] == ""


@pytest.mark.parametrize(
    ("main", "text"),
    [
        ("etc/nginx/nginx.conf", "events {}\ninclude /etc/nginx/shap.conf;\n"),
        ("etc/php/8.2/fpm/php-fpm.conf", "[global]\ninclude = /etc/php/8.2/fpm/shap.conf\n"),
        ("etc/redis/redis.conf", "port 6379\ninclude /etc/redis/shap.conf\n"),
    ],
)
def test_each_program_names_the_file_beside(main: str, text: str, tmp_path: Path) -> None:
    beside = main.rpartition("/")[0] + "/shop.conf"
    found = stack_of(tmp_path, {main: text, beside: "# nothing yet\n"}).problems
    (problem,) = [problem for problem in found if problem.kind.startswith("include")]
    assert str(problem.text.data).endswith(f"; did you mean /{beside}?")
