"""Small builders of Values, entities and rules, all in one place so that tests state only what matters."""

from collections.abc import Callable
from typing import TypeVar

import pytest

from tuner.judge.rule import CompiledRule, read_rule
from tuner.laws.version import Version
from tuner.source.span import Span
from tuner.source.text import Text
from tuner.stack import model
from tuner.stack.condition import Condition
from tuner.stack.value import Data, Option, Origin, Place, Value, undetermined, unknown

E = TypeVar("E", bound=model.Entity)


class Make:
    """Builders; every field that is not given is a Value nobody fixes."""

    @staticmethod
    def place(path: str, line: int, text: str = "value") -> Place:
        """A place in a file of which only this line matters."""
        data = b"\n" * (line - 1) + text.encode()
        return Place(Text(path, data), Span(line - 1, len(data)))

    @staticmethod
    def written(name: str, data: Data, path: str, line: int, **fields: object) -> Value:
        """A value that stands in a file."""
        return Value(name, data, Origin("file", path, Make.place(path, line)), **fields)

    @staticmethod
    def default(name: str, data: Data, **fields: object) -> Value:
        """A value that the program takes by itself."""
        return Value(name, data, Origin("default", "default of the program"), default=data, **fields)

    @staticmethod
    def by_version(
        name: str, cause: str, rows: list[tuple[str | None, Data | None]], **fields: object
    ) -> Value:
        """An unknown value by version: rows of (first version or None, data), oldest first."""
        starts = [Version.parse(since) if since else None for since, _ in rows]
        options = [
            Option(data, (Condition(cause, since, until),))
            for (_, data), since, until in zip(rows, starts, [*starts[1:], None], strict=True)
        ]
        return undetermined(name, options, f"the default depends on the {cause} version", **fields)

    @staticmethod
    def by_choice(name: str, cause: str, cases: dict[str, Data]) -> Value:
        """An unknown value that hangs on a choice nobody wrote down."""
        options = [Option(data, (Condition(cause, choice=choice),)) for choice, data in cases.items()]
        return undetermined(name, options, f"nobody says {cause}")

    @staticmethod
    def entity(kind: type[E], /, **fields: object) -> E:
        """An entity of a kind."""
        prefix = kind.__name__.lower()
        texts = {
            "name": "www",
            "address": "",
            "owner": "php-fpm",
            "family": "unix",
            "server": "",
            "path": "/",
            "restart": "restart it",
        }
        for field, info in kind.model_fields.items():
            if field not in fields and info.is_required():
                nothing_fixes = unknown(f"{prefix}.{field}", f"nobody gave {prefix}.{field}")
                a_text = "" if info.annotation in (str, "str") and field != "entity" else None
                plain = False if info.annotation in (bool, "bool") else texts.get(field, a_text)
                fields[field] = nothing_fixes if plain is None else plain
        if kind is model.Stack and not isinstance(fields["kernel"], model.Kernel):
            fields["kernel"] = Make.entity(model.Kernel)
        if isinstance(fields["entity"], Value):
            fields["entity"] = f"{prefix}:{fields.get('name', '')}"
        return kind(**fields)

    @staticmethod
    def rule(**fields: object) -> CompiledRule:
        """A rule about pools; give at least `when`."""
        base = {
            "id": "QUE001",
            "name": "backlog-clamped",
            "title": "Backlog above the kernel's ceiling",
            "severity": "warning",
            "scope": "pool",
            "message": "too much",
            "why": "Because.",
            "fix": "Lower it.",
            "since": "0.1.0",
        }
        return read_rule({**base, **fields}, "rules/queue/x.yaml")


@pytest.fixture(scope="session")
def make() -> Make:
    return Make()


@pytest.fixture(scope="session")
def somaxconn() -> Callable[[], Value]:
    """The kernel's default as it is when nobody states a version."""
    return lambda: Make.by_version(
        "kernel.somaxconn", "kernel", [(None, 128), ("5.4", 4096)], label="net.core.somaxconn"
    )
