"""What a directive is called in reports: names that stay when lines move."""

from tuner.stack.nginx.blocks import Block
from tuner.stack.nginx.connect_timeouts import title_of


def name_of(directive: str, level: Block) -> str:
    """Return the entity's name of a directive that stands in `level`."""
    if level.name == "upstream":
        return f"upstream:{' '.join(level.arguments)}"
    return f"{directive}:{title_of(level)}"
