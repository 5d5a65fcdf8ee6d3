"""What every part of the model is made of."""

from functools import cache
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict


class Entity(BaseModel):
    """Something rules are about. `entity` names it in reports and stays the same when files are edited.

    Entities are equal only to themselves: their contents go in circles.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, defer_build=True, extra="forbid")

    entity: str

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    if not TYPE_CHECKING:

        def __init__(self, **fields: object) -> None:
            """Take the fields as `model_construct` does.

            Only typed code of our own makes entities, and to build validators for them would take a tenth
            of a check.
            """
            unknown = fields.keys() - type(self).model_fields.keys()
            missing = _required(type(self)) - fields.keys()
            if unknown or missing:
                raise TypeError(f"{type(self).__name__}: {sorted(unknown | missing)}")
            lists = {name: [] for name in _lists(type(self)) if name not in fields}
            object.__setattr__(self, "__dict__", {**_defaults(type(self)), **lists, **fields})
            object.__setattr__(self, "__pydantic_fields_set__", set(fields))
            object.__setattr__(self, "__pydantic_extra__", None)
            object.__setattr__(self, "__pydantic_private__", None)


@cache
def _required(kind: type[Entity]) -> frozenset[str]:
    return frozenset(name for name, field in kind.model_fields.items() if field.is_required())


@cache
def _defaults(kind: type[Entity]) -> dict[str, object]:
    return {name: field.default for name, field in kind.model_fields.items() if not field.is_required()}


@cache
def _lists(kind: type[Entity]) -> frozenset[str]:
    return frozenset(name for name, default in _defaults(kind).items() if isinstance(default, list))
