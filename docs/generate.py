"""Writes the generated pages of docs/: the rules, and the model that rules are about.

`--check` writes nothing and says which pages are stale, missing or left over.
"""

import sys
from pathlib import Path

from model_page import model_page

from tuner.judge.load import load_rules
from tuner.report.rule_markdown import rule_index_markdown, rule_markdown
from tuner.report.rule_page import rule_pages

DOCS = Path(__file__).resolve().parent
MARK = "<!-- Made by docs/generate.py "


def pages() -> dict[Path, str]:
    """Return the generated pages by their path below docs/."""
    rules = rule_pages(load_rules())
    return {
        Path("rules/README.md"): rule_index_markdown(rules),
        **{Path(f"rules/{page.id}.md"): rule_markdown(page) for page in rules},
        Path("model.md"): model_page(),
    }


def stale(made: dict[Path, str], docs: Path = DOCS) -> list[Path]:
    """Return the pages below `docs` that differ from those `made`, are missing, or are left over."""
    differing = [path for path, text in made.items() if _text(docs / path) != text]
    generated = [*docs.glob("rules/*"), *(path for path in docs.glob("*.md") if MARK in (_text(path) or ""))]
    return [*differing, *sorted({path.relative_to(docs) for path in generated} - made.keys())]


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def main() -> int:
    """Write what is stale, or with `--check` name it; return the exit status."""
    made = pages()
    found = stale(made)
    if "--check" in sys.argv[1:]:
        for path in found:
            print(f"stale: docs/{path}", file=sys.stderr)
        return 1 if found else 0
    for path in found:
        if path not in made:
            (DOCS / path).unlink()
            continue
        (DOCS / path).parent.mkdir(exist_ok=True)
        (DOCS / path).write_text(made[path], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
