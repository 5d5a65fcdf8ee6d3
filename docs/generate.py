"""Writes docs/rules.md from the rules; `--check` only says whether it is up to date."""

import sys
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tuner.judge.load import load_rules

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "rules.md"


def rules_page() -> str:
    """Return the page that lists and explains every built-in rule."""
    environment = Environment(
        loader=FileSystemLoader(ROOT / "templates"),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,
    )
    rules = sorted((compiled.rule for compiled in load_rules()), key=lambda rule: rule.id)
    return environment.get_template("rules.md.j2").render(rules=rules).rstrip("\n") + "\n"


def main() -> int:
    """Write the page, or with `--check` compare it; return the exit status."""
    page = rules_page()
    if "--check" in sys.argv[1:]:
        return 0 if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == page else 1
    PAGE.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
