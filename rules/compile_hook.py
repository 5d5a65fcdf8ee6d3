"""Build step: transcodes the YAML of `rules/` to the JSON that a wheel carries."""

import json
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from ruamel.yaml import YAML


def compile_rules(rules: Path) -> dict[str, dict[str, Any]]:
    """Return the two compiled tables, by the name of the JSON file that carries them."""
    yaml = YAML(typ="safe", pure=True)
    files = sorted(rules.glob("*/*.yaml"))
    defaults = {p.stem: yaml.load(p) for p in files if p.parent.name == "defaults"}
    documents = {p.relative_to(rules).as_posix(): yaml.load(p) for p in files if p.parent.name != "defaults"}
    return {"defaults.json": defaults, "rules.json": documents}


class CompileRules(BuildHookInterface):
    """Puts `defaults.json` and `rules.json` into the wheel's `tuner/data/`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write both files where the builder picks them up."""
        if self.target_name != "wheel" or version == "editable":
            return
        self.folder = tempfile.TemporaryDirectory(prefix="fpmtune-rules-")
        out = Path(self.folder.name)
        for name, table in compile_rules(Path(self.root) / "rules").items():
            (out / name).write_text(
                json.dumps(table, ensure_ascii=True, separators=(",", ":")), encoding="ascii"
            )
            build_data["force_include"][str(out / name)] = f"tuner/data/{name}"
