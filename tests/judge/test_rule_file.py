"""Rules of the user's: what is wrong with a file is said with its line and column."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.judge.test_rule import DOCUMENT
from tuner.errors import RuleError
from tuner.judge.load import RuleSet, add_own_rules
from tuner.judge.rule import read_rule
from tuner.judge.rule_file import SIZE_CAP_BYTES, read_rule_file
from tuner.source.text import Text
from tuner.source.tree import SourceFile, read

RULE = """\
# House rules of ACME.
id: ACME001
name: house-rule
title: No pool without a ceiling
severity: warning
scope: pool
when: >-
  pool.max_children > 10
  and pool.name == 'www'
at: pool.max_children
message: too many
why: Because.
fix: Lower it.
since: "1"
examples:
  - title: too many
    verdict: bad
    files:
      php-fpm.d/a.conf: |
        [www]
    expect:
      - {line: 1, column: 2}
"""


def faults_of(text: str | bytes) -> list[str]:
    data = text.encode() if isinstance(text, str) else text
    file = read_rule_file(SourceFile("a.yaml", "/a.yaml", Text("a.yaml", data)))
    assert (file.rule is None) or not file.faults or isinstance(file.faults[0], RuleError)
    return [str(fault) for fault in file.faults]


def changed(old: str, new: str) -> str:
    assert RULE.count(old) == 1
    return RULE.replace(old, new)


def test_a_sound_file_is_read() -> None:
    assert faults_of(RULE) == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("severity: warning", "severity: fatal", "5:11: severity: Input should be 'error', "),
        ("severity: warning", "severty: warning", "5:1: there is no field 'severty' here; did you mean 'sev"),
        ("id: ACME001", "id: acme1", "2:5: id: String should match pattern"),
        ("id: ACME001", "id: QUE900", "2:5: id: QUE is a family of built-in rules: take letters of your own"),
        ("why: Because.\n", "", "2:1: 'why' is missing"),
        ("why: Because.", "why:\n  - a", "13:3: why: Input should be a valid string"),
        ('since: "1"', "since: 0.1", "14:8: since: Input should be a valid string"),
        ("verdict: bad", "verdict: ugly", "17:14: examples.0.verdict: Input should be 'bad', "),
        ("    verdict: bad\n", "", "16:5: 'verdict' is missing"),
        ("line: 1,", "line: 0,", "22:16: examples.0.expect.0.line: Input should be greater than"),
        ("line: 1,", "lnie: 1,", "22:10: there is no field 'lnie' here; did you mean 'line'?"),
        ("php-fpm.d/a.conf", "../a.conf", "19:7: examples.0.files.../a.conf: '../a.conf' is not a plain"),
        ("php-fpm.d/a.conf", "/etc/a.conf", "'/etc/a.conf' is not a plain relative path"),
        ("why: Because.", "why: [", "14:6: is not YAML: "),
        ("why: Because.", "why: a\nwhy: b", "13:1: is not YAML: found duplicate key"),
        ("why: Because.", "why: *gone", "12:6: is not YAML: found undefined alias"),
        ("why: Because.", "\twhy: Because.", "12:1: is not YAML: found character '\\t'"),
        ("why: Because.", "why: Bec\x01ause.", "12:9: is not YAML: "),
        ("why: Because.", "why: !python/object:os.system x", "12:6: is not YAML: could not determine"),
        ("why: Because.", "why: 2026-13-45", "12:6: is not YAML: month must be in 1..12"),
        ("since:", "---\nsince:", "14:1: is not YAML: "),
    ],
)
def test_a_fault_of_form_is_said_with_its_place(old: str, new: str, fault: str) -> None:
    found = faults_of(changed(old, new))
    assert any(one.startswith("a.yaml:") and fault in one for one in found), found


FOLDED = "when: >-\n  pool.max_children > 10\n  and pool.name == 'www'\n"


@pytest.mark.parametrize(
    ("when", "place", "words"),
    [
        ("when: pool.max_chilren > 10\n", "7:12", "when: Pool has no 'max_chilren'; did you mean"),
        ("when:\n  pool.max_children > 10\n  and pol.name == 'w'\n", "9:7", "there is no 'pol' here"),
        ("when: >-\n  pool.max_children > 10\n    and pol.name == 'w'\n", "9:5", "is one line"),
        ("when: >2-  # folded\n\n\n  pool.max_children > 10\n  and pol.name\n", "11:7", "no 'pol' here"),
        ("when: |\n  pool.max_children > 10 and pol.name\n", "8:30", "there is no 'pol' here"),
        ("when: |\n  pool.max_children > 10\n  and pool.name\n", "9:3", "an expression is one line"),
        ("when: 'pol.name'\n", "7:8", "there is no 'pol' here"),
        ('when: "1 and\n  pol.name"\n', "8:3", "there is no 'pol' here"),
        ("when: 'pool.name == ''www'' and pol'\n", "7:7", "there is no 'pol' here"),
        ('when: "pool.name == \\"www\\" and pol"\n', "7:7", "there is no 'pol' here"),
        ("when: !!str pol.name\n", "7:7", "there is no 'pol' here"),
        ("when: pool.name == 'ä' and pol\n", "7:28", "there is no 'pol' here"),
        ("when: >-\n  pool.max_children >\n", "8:22", "not an expression"),
        ("when: >-\n  pool.max_children ==\n  ) 1\n", "9:3", "not an expression"),
        ("when: pool.max_children > 10 and __import__('os')\n", "7:34", "not a function"),
        (f"when: {'not ' * 20}True\n", "7:87", "nested deeper than 20 levels"),
        (f"when: {'a' * 501}\n", "7:7", "longer than 500 characters"),
        ("when: any(any(p.name for p in host.pools) for p in host.pools)\n", "7:14", "a generator inside"),
    ],
)
def test_a_fault_in_the_condition_is_said_with_its_character(when: str, place: str, words: str) -> None:
    (fault,) = faults_of(changed(FOLDED, when))
    assert fault.startswith(f"a.yaml:{place}: when: ")
    assert words in fault


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("at: pool.max_children", "at: pool.nam", "10:10: at: Pool has no 'nam'; did you mean 'name'?"),
        ("at: pool.max_children", "at: pool.name", "10:5: at: 'pool.name' does not lead to a value"),
        ("message: too many", "message: too {pool.nam}", "11:20: message: Pool has no 'nam'"),
        (
            "message: too many",
            "message: >\n  a {pool.name}\n\n  and {pol.name}",
            "14:8: message: there is no 'pol'",
        ),
        ("message: too many", 'message: "a {pool.name} b } c"', "11:27: message: a brace without its twin"),
        ("message: too many", "message: 'a { pool.nam }'", "11:20: message: Pool has no 'nam'"),
        ("why: Because.", "why: B.\nrequires: re {pol}", "13:15: requires: there is no 'pol' here"),
        (
            "why: Because.",
            "why: B.\nmitigated:\n  when: >-\n    pol.name\n  severity: info",
            "15:5: mitigated.when: there is no 'pol'",
        ),
    ],
)
def test_a_fault_in_another_text_is_said_with_its_character(old: str, new: str, fault: str) -> None:
    (found,) = faults_of(changed(old, new))
    assert found.startswith(f"a.yaml:{fault}")


def test_all_faults_of_a_file_are_said() -> None:
    text = RULE.replace("pool.max_children > 10", "pool.a > 10").replace("too many\nwhy", "'{pool.b}'\nwhy")
    assert [fault.split(":")[1] for fault in faults_of(text)] == ["8", "11"]
    text = RULE.replace("severity: warning", "severity: x").replace("scope: pool", "scope: y")
    assert [fault.split(":")[1] for fault in faults_of(text)] == ["5", "6"]


def test_crlf_and_byte_order_mark_do_not_move_places() -> None:
    text = changed("pool.name ==", "pool.nam ==").replace("\n", "\r\n")
    (fault,) = faults_of("\ufeff" + text)
    assert fault.startswith("a.yaml:9:12: when: Pool has no 'nam'")


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "a.yaml:1:1: the file is empty"),
        (b"# nothing\n", "a.yaml:1:1: the file is empty"),
        (b"- a\n", "a.yaml:1:1: a rule is a mapping"),
        (b"text\n", "a.yaml:1:1: a rule is a mapping"),
        (b"id: x\nname: \xff\n", "a.yaml:2:7: a byte that is not UTF-8"),
        (b"[" * 5000, "a.yaml"),
        (b"a: &a [*a]\n", "a.yaml:1:4: too many values, or nested too deep"),
        (b"x" * (SIZE_CAP_BYTES + 1), "a.yaml: larger than 256 KiB"),
    ],
)
def test_what_is_no_rule_file_is_a_fault(data: bytes, fault: str) -> None:
    assert faults_of(data)[0].startswith(fault)


def test_aliases_cannot_make_a_small_file_large() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    start = time.monotonic()
    (fault,) = faults_of("\n".join(lines))
    assert "too many values" in fault
    assert time.monotonic() - start < 5


@given(st.text(alphabet="a:-[]{}'\"|>&*!#%@ \n\t\\<,.?=", max_size=60))
def test_no_text_makes_reading_fail(text: str) -> None:
    for fault in faults_of(text):
        assert fault.startswith("a.yaml")


@given(
    st.lists(
        st.sampled_from(["pool.max_children > 1", "pool.name == 'www'", "not pool.pm == 'x'"]), max_size=4
    ),
    st.sampled_from([">", ">-", "|", "", "'", '"']),
    st.lists(st.sampled_from([" ", "\n  ", "   "]), min_size=5, max_size=5),
)
def test_the_place_is_the_characters_own(parts: list[str], style: str, gaps: list[str]) -> None:
    """However the expression is laid out, the wrong name is found where it stands."""
    words = " and ".join([*parts, "wrong.name"]).split(" ")
    laid_out = words[0]
    for number, word in enumerate(words[1:]):
        gap = " " if style == "|" else gaps[number % len(gaps)]
        laid_out += gap + word
    if style in ("|", ">", ">-"):
        scalar = f"{style}\n  {laid_out}"
    elif style == "'":
        scalar = "'" + laid_out.replace("'", '"') + "'"
    else:
        scalar = f"{style}{laid_out}{style}"
    text = changed(FOLDED, f"when: {scalar}\n")
    index = text.index("wrong.name")
    line = text.count("\n", 0, index) + 1
    column = index - text.rfind("\n", 0, index)
    assert faults_of(text) == [f"a.yaml:{line}:{column}: when: there is no 'wrong' here"]


# Loading.


def sources(tmp_path: Path, **files: str) -> list[SourceFile]:
    found = []
    for name, text in files.items():
        path = tmp_path / f"{name}.yaml"
        path.write_text(text)
        found.append(read(f"{name}.yaml", str(path)))
    return found


def loaded(tmp_path: Path, **files: str) -> RuleSet:
    return add_own_rules([read_rule(DOCUMENT, "x.yaml")], sources(tmp_path, **files))


def test_own_rules_stand_beside_the_built_in_ones(tmp_path: Path) -> None:
    found = loaded(tmp_path, b=RULE, a=RULE.replace("ACME001", "ACME000").replace("house-rule", "other"))
    assert [compiled.rule.id for compiled in found.rules] == ["ACME000", "ACME001", "QUE001"]
    assert (found.faults, found.broken) == ([], set())


def test_a_rule_with_a_fault_is_left_out_and_the_others_stay(tmp_path: Path) -> None:
    bad = RULE.replace("ACME001", "ACME002").replace("house-rule", "other").replace("pool.name", "pool.nam")
    found = loaded(tmp_path, bad=bad, good=RULE)
    assert [compiled.rule.id for compiled in found.rules] == ["ACME001", "QUE001"]
    assert [str(fault).split(": ")[0] for fault in found.faults] == ["bad.yaml:9:12"]
    assert found.broken == {"ACME002", "other"}


def test_ids_and_names_are_taken_once(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        a=RULE,
        b=RULE.replace("house-rule", "other"),
        c=RULE.replace("ACME001", "ACME003").replace("house-rule", "backlog-clamped"),
    )
    assert [compiled.path for compiled in found.rules] == ["a.yaml", "x.yaml"]
    assert [str(fault) for fault in found.faults] == [
        "b.yaml:2:5: 'ACME001' is already taken by a.yaml",
        "c.yaml:3:7: 'backlog-clamped' is already taken by x.yaml",
    ]


def test_a_file_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "nul.yaml").write_bytes(b"id: \0")
    found = add_own_rules([], [read("gone.yaml", str(tmp_path / "nul.yaml")), read_folder(tmp_path)])
    assert found.rules == []
    assert [str(fault).split(":")[0] for fault in found.faults] == ["gone.yaml", "folder"]


def read_folder(path: Path) -> SourceFile:
    return read("folder", str(path))
