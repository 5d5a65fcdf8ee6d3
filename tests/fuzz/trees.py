"""The whole way of a check, on a tree in which files were changed."""

import json
from collections.abc import Mapping
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from tests.fuzz.inputs import ROOT, mutated
from tests.trees import stacks_of
from tuner.formats.recognise import recognise
from tuner.judge.load import load_rules
from tuner.judge.run import judge
from tuner.report.check_json import check_json
from tuner.report.check_text import check_text
from tuner.report.show_json import show_json
from tuner.report.show_text import show_text
from tuner.report.terminal import Style

SHOP = ROOT / "examples/shop"
FILES = {str(path.relative_to(SHOP)): path.read_bytes() for path in sorted(SHOP.rglob("*.conf"))}
TARGETS = ("", "debian-12", "debian-11", "php=8.5,kernel=4.19")
RULES = load_rules()


def changed_tree(random: Random) -> tuple[dict[str, bytes], str]:
    """Return one to three changed files of the shop's, and a target."""
    changed = {}
    for name in random.sample(sorted(FILES), random.randint(1, 3)):
        kind = recognise(name, FILES[name])
        assert kind, name
        changed[name] = mutated(kind, [FILES[name]], random)
    return changed, random.choice(TARGETS)


def check_tree(changed: Mapping[str, bytes], target: str) -> None:
    """Check the shop with `changed` files; raise where a layer fails or would print what it must not."""
    with TemporaryDirectory() as folder:
        for name, data in {**FILES, **changed}.items():
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
