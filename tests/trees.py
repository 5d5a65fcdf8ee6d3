"""File trees for tests, and what fpmtune makes of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tuner.formats.candidate import is_candidate
from tuner.judge.finding import Judgement
from tuner.judge.load import load_rules
from tuner.judge.run import judge
from tuner.source.tree import collect
from tuner.stack.build import build_stacks
from tuner.stack.files import read_tree
from tuner.stack.grouping import group_hosts
from tuner.stack.model import Stack
from tuner.stack.target import Target, parse_target


def write_tree(root: Path, files: Mapping[str, str]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode("utf-8", "surrogateescape"))


def stacks_of(root: Path, target: str = "") -> list[Stack]:
    tree = collect([str(root)], is_candidate)
    meant = parse_target(target) if target else Target()
    return build_stacks(tree, group_hosts(tree, read_tree(tree, target=meant)), meant)


def stack_of(root: Path, files: Mapping[str, str], target: str = "") -> Stack:
    write_tree(root, files)
    (stack,) = stacks_of(root, target)
    return stack


def judgement_of(root: Path, target: str = "", select: Sequence[str] = ()) -> Judgement:
    return judge(stacks_of(root, target), load_rules(), select)
