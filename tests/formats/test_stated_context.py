"""A comment that names the surroundings of a file makes it one of nginx, whatever it is called."""

from tuner.formats.recognise import recognise


def test_a_file_whose_lines_alone_tell_nothing() -> None:
    text = b"log_format timed '$msec '\n                 '$status';\n"
    assert recognise("snippets/log.conf", text) is None
    assert recognise("snippets/log.conf", b"# fpmtune: context http\n" + text) == "nginx"


def test_a_script_that_writes_one_stays_a_script() -> None:
    assert recognise("make.sh", b"#!/bin/sh\n# fpmtune: context http\n") is None
