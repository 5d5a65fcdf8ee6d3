"""Whatever is done to good files, every layer answers: no exception, and output that is safe to print."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.trees import stacks_of
from tuner.judge.load import load_rules
from tuner.judge.run import judge
from tuner.report.check_json import check_json
from tuner.report.check_text import check_text
from tuner.report.show_json import show_json
from tuner.report.show_text import show_text
from tuner.report.terminal import Style

SHOP = Path(__file__).resolve().parents[2] / "examples/shop"
FILES = {str(path.relative_to(SHOP)): path.read_bytes() for path in sorted(SHOP.rglob("*.conf"))}
PIECES = [
    *(b"\" ' { } ; \\ $ ${ [ ] = # \0 \r \n \xff * .. / ~ | & ^ ! ( ) unix: [::] include".split(b" ")),
    *(
        "\u202e",
        "\ufeff",
        "\u00b2",
        "\u0663",
        "9" * 5000,
        "{{ x }}",
        "{% if %}",
        "server {",
        "listen",
        "-1",
        "1e9",
    ),
]
RULES = load_rules()


@st.composite
def changed_file(draw: st.DrawFn) -> tuple[str, bytes]:
    """A file of the shop with a few pieces cut out, doubled, moved in from another file, or made up."""
    name = draw(st.sampled_from(sorted(FILES)))
    data = FILES[name]
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 40)))
        piece = draw(
            st.one_of(
                st.just(b""),
                st.just(data[start:end] * 2),
                st.sampled_from([p if isinstance(p, bytes) else p.encode() for p in PIECES]),
                st.sampled_from(sorted(FILES.values())).map(lambda other, at=start: other[at : at + 60]),
                st.binary(max_size=4),
            )
        )
        data = data[:start] + piece + data[end:]
    return name, data


@settings(max_examples=100, deadline=2000, suppress_health_check=[HealthCheck.too_slow])
@given(changed=st.lists(changed_file(), min_size=1, max_size=2), target=st.sampled_from(["", "debian-12"]))
def test_changed_files_never_break_the_program(changed: list[tuple[str, bytes]], target: str) -> None:
    with TemporaryDirectory() as folder:
        for name, data in {**FILES, **dict(changed)}.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        stacks = stacks_of(Path(folder), target)
        judgement = judge(stacks, RULES)
        assert judgement.crashes == []
        texts = check_text(judgement, [], stacks, Style(), verbose=True), show_text(stacks, Style())
        assert all(char.isprintable() or char == "\n" for text in texts for char in text)
        for report in (check_json(judgement, [], "0"), show_json(stacks)):
            assert report.isascii()
            json.loads(report)
