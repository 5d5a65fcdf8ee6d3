"""File trees for tests, and what fpmtune makes of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tuner.judge.examples import stacks_below, write_tree
from tuner.judge.finding import Judgement
from tuner.judge.load import load_rules
from tuner.judge.run import judge
from tuner.stack.model import Stack

__all__ = ["judgement_of", "stack_of", "stacks_of", "write_tree"]

stacks_of = stacks_below


def stack_of(root: Path, files: Mapping[str, str], target: str = "") -> Stack:
    write_tree(root, files)
    (stack,) = stacks_of(root, target)
    return stack


def judgement_of(root: Path, target: str = "", select: Sequence[str] = ()) -> Judgement:
    return judge(stacks_of(root, target), load_rules(), select)
