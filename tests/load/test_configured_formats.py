"""The log_format of a log, found in the nginx files by the log's name."""

import pytest

from tuner.formats.document import Document
from tuner.formats.nginx import parse
from tuner.load.nginx_log.configured import format_of, log_formats, rotated_stem
from tuner.load.nginx_log.log_format import COMBINED, LogFormat
from tuner.source.text import Text


def nginx(text: str) -> list[Document]:
    return [parse(Text("nginx.conf", text.encode()))]


CONF = """
http {
  log_format timed escape=json '$msec '
    "$status";
  log_format bad escape=other '$msec';
  access_log /var/log/nginx/php.log timed buffer=32k;
  access_log /var/log/nginx/all.log;
  server { access_log off; access_log /srv/shop-access.log missing; access_log /x/two.log timed; }
  server { access_log /x/two.log combined; access_log /y/plain.log gzip=5; }
}
"""


def test_formats_by_name() -> None:
    assert log_formats(nginx(CONF)) == {
        "combined": LogFormat(COMBINED),
        "timed": LogFormat("$msec $status", "json"),
    }


@pytest.mark.parametrize(
    "name", ["php.log", "/backup/php.log", "php.log.1", "php.log.14.gz", "php.log-20261121.gz"]
)
def test_rotated_logs_have_the_format_of_the_log(name: str) -> None:
    assert rotated_stem(name) == "php.log"
    assert format_of(name, nginx(CONF)) == LogFormat("$msec $status", "json")


def test_no_name_is_combined() -> None:
    assert format_of("all.log", nginx(CONF)).text == COMBINED
    assert format_of("plain.log", nginx(CONF)).text == COMBINED


@pytest.mark.parametrize(
    ("name", "words"),
    [("other.log", "no access_log"), ("two.log", "2 formats"), ("shop-access.log", "'missing'")],
)
def test_what_the_files_do_not_say(name: str, words: str) -> None:
    with pytest.raises(ValueError, match=f"{words}.*give --log-format"):
        format_of(name, nginx(CONF))
