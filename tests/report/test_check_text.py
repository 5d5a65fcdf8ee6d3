from hypothesis import given
from hypothesis import strategies as st
from report_samples import (
    POOL,
    SITE,
    SYSCTL,
    SYSCTL_FIRST,
    entity_of,
    finding,
    judgement,
    kernel,
    known_somaxconn,
    place,
    read_file,
    shop,
    unknown_somaxconn,
)

from tuner.judge.finding import Finding, Judgement, RuleCrash, Undecided
from tuner.report.check_text import check_text
from tuner.report.terminal import Style
from tuner.source.text import Text, decode
from tuner.stack.line_entities import NotFollowed
from tuner.stack.model import Stack
from tuner.stack.value import Origin, Value, may_be_set_by, unknown

PLAIN = Style(False)
POOL_FILE = read_file("etc/php/8.2/fpm/pool.d/www.conf", "php-fpm")


def pools(*names: str) -> list[Finding]:
    return [
        finding(
            ("primary", place(Text(f"pool.d/{name}.conf", b"pm = static\n"), "static"), ""),
            message=f"pool {name}: every worker is started at once",
            entity=f"pool:{name}",
        )
        for name in names
    ]


def report(*found: Finding, verbose: bool = False) -> str:
    return check_text(judgement(*found), [POOL_FILE], [], PLAIN, verbose)


def empty_stack() -> Stack:
    return entity_of(Stack, entity=".", kernel=kernel(known_somaxconn()))


def test_finding_across_two_files_in_full() -> None:
    stack = shop()
    listener = stack.pools[0].listener
    assert listener is not None
    clamped = finding(
        ("primary", place(POOL, "65535"), "asked for here"),
        ("related", place(SYSCTL, "4096"), "the kernel's ceiling"),
        message="listen.backlog = 65535 is cut to 4096 by net.core.somaxconn",
        evidence=(listener.backlog, known_somaxconn(), unknown_somaxconn(), listener.effective_backlog),
        condition="kernel < 5.4",
        certainty="conditional",
        fix="Ask for what the kernel grants:\n  listen.backlog = 4096\n",
        requires="restart php8.2-fpm",
    )
    assert (
        report(clamped)
        == """\
warning[QUE001] backlog-clamped: listen.backlog = 65535 is cut to 4096 by net.core.somaxconn (if kernel < 5.4)
  --> etc/php/8.2/fpm/pool.d/www.conf:3:18
   |
 3 | listen.backlog = 65535
   |                  ^^^^^ asked for here
  --> etc/sysctl.d/60-web.conf:2:22
   |
 2 | net.core.somaxconn = 4096
   |                      ---- the kernel's ceiling
   = evidence: listen.backlog = 65535 (etc/php/8.2/fpm/pool.d/www.conf:3)
               net.core.somaxconn = 4096 (etc/sysctl.d/60-web.conf:2)
               net.core.somaxconn = 128 (kernel < 5.4) or 4096 (kernel >= 5.4)
               effective backlog = 4096, min(backlog, net.core.somaxconn)
   = fix: Ask for what the kernel grants: listen.backlog = 4096
   = needs: restart php8.2-fpm

read 1 file: 1 php-fpm
1 warning
"""
    )


def test_locations_of_one_file_share_the_header_and_a_line_is_shown_once() -> None:
    found = finding(
        ("primary", place(POOL, "65535"), "this"),
        ("related", place(POOL, "listen", 2), "of this"),
        ("related", place(POOL, "dynamic"), ""),
    )
    assert report(found).startswith(
        """\
warning[QUE001] backlog-clamped: something is wrong
  --> etc/php/8.2/fpm/pool.d/www.conf:3:18
   |
 3 | listen.backlog = 65535
   |                  ^^^^^ this
   | ------ of this
 4 | pm = dynamic
   |      -------

read"""
    )


def test_gutter_is_as_wide_as_the_longest_line_number() -> None:
    long = Text("long.conf", b"\n" * 99 + b"pm = static\n")
    found = finding(("primary", place(POOL, "dynamic"), ""), ("related", place(long, "static"), ""))
    assert report(found).startswith(
        """\
warning[QUE001] backlog-clamped: something is wrong
    --> etc/php/8.2/fpm/pool.d/www.conf:4:6
     |
   4 | pm = dynamic
     |      ^^^^^^^
    --> long.conf:100:6
     |
 100 | pm = static
     |      ------

read"""
    )


def test_finding_that_no_file_sets_names_its_entity() -> None:
    assert "\n  --> pool:www (set in no file)\n" in report(finding())


def test_seven_related_locations_are_cut_to_five_and_six_are_not() -> None:
    related = [("related", place(SITE, "listen"), "")] * 6
    six = report(finding(("primary", place(POOL, "dynamic"), ""), *related))  # type: ignore[arg-type]
    assert six.count("------") == 6
    assert "more" not in six
    seven = finding(("primary", place(POOL, "dynamic"), ""), *related, related[0])  # type: ignore[arg-type]
    assert report(seven).count("------") == 5
    assert "\n  --> ... and 2 more\n" in report(seven)
    assert report(seven, verbose=True).count("------") == 7


def test_notes_are_counted_and_shown_only_when_verbose() -> None:
    notes = [finding(severity="note", name="quiet"), finding(severity="note", name="quiet", rule="QUE002")]
    assert report(*notes) == "read 1 file: 1 php-fpm\n2 notes (-v shows them)\n"
    assert report(*notes, verbose=True).count("note[QUE00") == 2
    assert report(*notes, verbose=True).endswith("\n2 notes\n")


def test_fourth_entity_with_the_same_message_folds() -> None:
    assert report(*pools("a", "b", "c")).count("warning[QUE001]") == 3
    assert (
        report(*pools("a", "b", "c", "d", "shop.example"))
        == """\
warning[QUE001] backlog-clamped: pool a: every worker is started at once
  --> pool.d/a.conf:1:6
   |
 1 | pm = static
   |      ^^^^^^
   = the same in: pool:b (pool.d/b.conf:1)
                  pool:c (pool.d/c.conf:1)
                  pool:d (pool.d/d.conf:1)
                  and 1 more

read 1 file: 1 php-fpm
5 warnings
"""
    )
    assert report(*pools("a", "b", "c", "d"), verbose=True).count("warning[QUE001]") == 4


def test_pool_named_like_a_word_of_the_message_folds_too() -> None:
    found = [finding(message="pm is not a positive number", entity=f"pool:{name}") for name in "abcd"]
    assert report(*found).count("warning[QUE001]") == 1


def test_findings_that_differ_in_their_places_fold() -> None:
    def in_file(name: str) -> Finding:
        written = place(Text(f"{name}.conf", b"60s\n"), "60s")
        return finding(
            ("primary", written, ""), message=f"it ends at 60 s ({written})", entity=f"pool:{name}"
        )

    assert report(*map(in_file, "abcd")).count("warning[QUE001]") == 1


def test_a_condition_names_what_would_settle_it() -> None:
    somaxconn = may_be_set_by(known_somaxconn(), "x.conf")
    open_question = somaxconn._replace(origin=somaxconn.origin._replace(words="set elsewhere: give --sysctl"))
    found = finding(evidence=(open_question,), condition="x.conf does not set it", certainty="conditional")
    assert "   = to be sure: set elsewhere: give --sysctl\n" in report(found)
    assert "to be sure" not in report(found._replace(condition=None))


def test_folded_file_is_named_once() -> None:
    found = [
        finding(
            ("primary", place(Text(f"{name}.conf", b"# x\n"), "#"), ""),
            message="#",
            entity=f"file:{name}.conf",
        )
        for name in "abcd"
    ]
    assert "   = the same in: b.conf:1\n" in report(*found)


def test_long_fix_is_wrapped_under_its_label() -> None:
    lines = report(finding(fix="word " * 40)).split("\n")
    assert lines[2] == "   = fix: " + ("word " * 17)[:84].strip()
    assert lines[3] == "          " + ("word " * 17)[:84].strip()


def test_other_messages_do_not_fold() -> None:
    found = [finding(message=f"backlog {number}", entity="pool:www") for number in range(5)]
    assert report(*found).count("warning[QUE001]") == 5


def test_nothing_found_still_says_what_was_read() -> None:
    files = [
        read_file("nginx.conf", "nginx"),
        read_file("a.j2", "nginx", "template", "template: only what is written out counts"),
        read_file("b.conf", "redis", "partial", "has syntax errors: the rest of it counts"),
        read_file("c.conf", "redis", "skipped", "cannot be read: Permission denied"),
        read_file("d.conf", None, "skipped", "cannot be read: Permission denied"),
    ]
    assert (
        check_text(judgement(), files, [], PLAIN)
        == """\
read 3 files: 2 nginx, 1 redis
template (only what is written out counts): a.j2
partial (has syntax errors: the rest of it counts): b.conf
skipped (cannot be read: Permission denied): c.conf, d.conf
no findings
"""
    )


def test_nothing_checked_is_said_plainly_and_never_passes_for_no_findings() -> None:
    nothing = check_text(judgement(), [], [empty_stack()], PLAIN, paths=["conf", "etc"])
    assert nothing == "nothing was checked: no file of a known kind below conf, etc\n"
    skipped = [read_file("x", None, "skipped", "a binary file (NUL at byte 3)")]
    assert (
        check_text(judgement(), skipped, [], PLAIN)
        == "nothing was checked: no file of a known kind\nskipped (a binary file (NUL at byte 3)): x\n"
    )


def test_not_followed_is_grouped_and_cut_after_five() -> None:
    stack = empty_stack()
    where = [place(SITE, "listen"), place(SITE, "80"), None]
    stack.not_followed = [
        NotFollowed(target=f"/etc/nginx/{number}.conf", place=origin, reason="outside the given paths")
        for number in range(7)
        for origin in where
    ]
    stack.not_in_effect = ["old.conf"]
    text = check_text(judgement(), [POOL_FILE], [stack], PLAIN)
    assert (
        "\nnot followed:\n"
        "  /etc/nginx/0.conf (etc/nginx/sites-enabled/shop.conf:2, etc/nginx/sites-enabled/shop.conf:2): "
        "outside the given paths\n" in text
    )
    assert (
        "/etc/nginx/5.conf" not in text
        and "\n  and 2 more (-v lists them)\nnot in effect, so not judged: old.conf\nno" in text
    )
    assert "/etc/nginx/6.conf" in check_text(judgement(), [POOL_FILE], [stack], PLAIN, verbose=True)


def undecided(name: str, entity: str, missing: str, hint: str) -> Undecided:
    return Undecided("QUE001", name, entity, (missing,), hint)


def test_undecided_rules_are_grouped_by_what_decides_them() -> None:
    sysctl = ("kernel.somaxconn", "give --sysctl or --target")
    one = tuple(undecided("backlog-clamped", entity, *sysctl) for entity in ("pool:www", "pool:api"))
    assert (
        check_text(judgement(undecided=one), [POOL_FILE], [], PLAIN)
        == """\
read 1 file: 1 php-fpm
2 undecided: backlog-clamped needs kernel.somaxconn for pool:www, pool:api: give --sysctl or --target
no findings
"""
    )
    same = tuple(undecided("queue-too-long", entity, *sysctl) for entity in ("pool:www", "pool:api"))
    other = undecided("hash-comment", "file:a", "php.version", "give --target")
    assert (
        check_text(judgement(undecided=(*one, other, *same)), [POOL_FILE], [], PLAIN)
        == """\
read 1 file: 1 php-fpm
5 undecided:
  backlog-clamped, queue-too-long need kernel.somaxconn for pool:www, pool:api: give --sysctl or --target
  hash-comment needs php.version for file:a: give --target
no findings
"""
    )


def test_crashed_rule_is_reported_beside_the_findings() -> None:
    crashed = Judgement([], [], [RuleCrash("QUE009", "pool:www", "division\nby zero")])
    text = check_text(crashed, [POOL_FILE], [], PLAIN)
    assert text.startswith(
        "error[QUE009] this rule failed for pool:www by its own fault: division by zero\n\nread"
    )


def test_rules_that_failed_are_counted_once_each() -> None:
    crashes = [RuleCrash(*names, "bad") for names in (("A1", "pool:a"), ("A1", "pool:b"), ("A2", "pool:a"))]
    alone = check_text(Judgement([], [], crashes), [POOL_FILE], [], PLAIN)
    assert alone.endswith("\nno findings, 2 rules failed\n")
    beside = check_text(Judgement([finding()], [], crashes[:1]), [], [], PLAIN)
    assert beside.endswith("\n1 warning, 1 rule failed\n")


def test_colour_changes_nothing_but_colour() -> None:
    found = finding(("primary", place(POOL, "dynamic"), "x"), fix="y")
    painted = check_text(judgement(found), [POOL_FILE], [], Style(True))
    assert "\x1b[1;33mwarning[QUE001]\x1b[0m" in painted
    plain = painted
    for code in ("\x1b[0m", "\x1b[1m", "\x1b[1;33m", "\x1b[34m", "\x1b[32m"):
        plain = plain.replace(code, "")
    assert plain == report(found)


HOSTILE = st.binary(max_size=40).map(decode) | st.text(st.sampled_from("a\x1b\x9b\u202e\u2066\r\n\t\x00 "))


@given(HOSTILE, HOSTILE, st.binary(min_size=1, max_size=80), st.booleans())
def test_nothing_from_a_file_reaches_the_terminal_unescaped(
    words: str, path: str, data: bytes, verbose: bool
) -> None:
    where = place(Text(path, data), decode(data[:1]))
    value = unknown(words, words, label=words, place=where)
    found = finding(
        ("primary", where, words),
        message=words,
        entity=words,
        evidence=(value, Value(words, words, value.origin, words)),
        rule=words,
        name=words,
        condition=words,
        fix=words,
        requires=words,
    )
    stack = empty_stack()
    stack.not_followed = [NotFollowed(target=words, place=where, reason=words)]
    stack.not_in_effect = [words]
    judged = Judgement(
        [found] * 5,
        [Undecided(words, words, words, (words,), words)],
        [RuleCrash(words, words, words)],
    )
    files = [read_file(path, "nginx", "partial", words)]
    text = check_text(judged, files, [stack], PLAIN, verbose, paths=[words])
    assert all(line.isprintable() for line in text.split("\n"))


def test_first_setting_of_a_shared_file_is_not_confused_with_another_file() -> None:
    found = finding(
        ("primary", place(SYSCTL, "4096"), ""),
        ("related", place(SYSCTL_FIRST, "1024"), ""),
        ("related", place(SYSCTL, "net.core.somaxconn"), ""),
    )
    assert report(found).count("-->") == 3


def test_words_of_the_message_stand_there_once() -> None:
    words = '"listen" directive is not allowed here'
    here = place(Text("a.conf", b"pm = static\n"), "static")
    stated = Value("x", words, Origin("file", str(here), here), label="listen")
    found = finding(("primary", here, f"listen = {words}"), message=f"no start: {words}", evidence=(stated,))
    assert report(found).count("not allowed here") == 1
