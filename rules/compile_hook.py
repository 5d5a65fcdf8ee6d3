"""Build step: transcodes the YAML of `rules/` to the JSON that a wheel carries."""

import json
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from ruamel.yaml import YAML


def compile_rules(rules: Path) -> dict[str, dict[str, Any]]:
    """Return rules and tables by the name of the JSON file that carries them."""
    yaml = YAML(typ="safe", pure=True)
    defaults: dict[str, Any] = {}
    documents: dict[str, Any] = {}
    directives: dict[str, dict[str, Any]] = {}
    for path in sorted(rules.glob("*/*.yaml")):
        if path.parent.name == "defaults":
            defaults[path.stem] = yaml.load(path)
        elif path.parent.name == "directives":
            directives[f"directives-{path.stem}.json"] = yaml.load(path)
        else:
            documents[path.relative_to(rules).as_posix()] = yaml.load(path)
    return {"defaults.json": defaults, "rules.json": documents, **directives}


class CompileRules(BuildHookInterface):
    """Puts rules and tables into the wheel's `tuner/data/`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the files where the builder picks them up."""
        if self.target_name != "wheel" or version == "editable":
            return
        self.folder = tempfile.TemporaryDirectory(prefix="fpmtune-rules-")
        out = Path(self.folder.name)
        for name, table in compile_rules(Path(self.root) / "rules").items():
            (out / name).write_text(
                json.dumps(table, ensure_ascii=True, separators=(",", ":")), encoding="ascii"
            )
            build_data["force_include"][str(out / name)] = f"tuner/data/{name}"
