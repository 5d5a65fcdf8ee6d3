"""What every part of the model is made of."""

from functools import cache
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict
from pydantic.fields import FieldInfo


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
            kind = type(self)
            unknown, missing = fields.keys() - kind.model_fields.keys(), _required(kind) - fields.keys()
            if unknown or missing:
                raise TypeError(f"{kind.__name__}: {sorted(unknown | missing)}")
            defaults = {
                name: field.get_default(call_default_factory=True)
                for name, field in _optional(kind).items()
                if name not in fields
            }
            object.__setattr__(self, "__dict__", {**defaults, **fields})
            object.__setattr__(self, "__pydantic_fields_set__", set(fields))
            object.__setattr__(self, "__pydantic_extra__", None)
            object.__setattr__(self, "__pydantic_private__", None)


@cache
def _required(kind: type[Entity]) -> frozenset[str]:
    return frozenset(name for name, field in kind.model_fields.items() if field.is_required())


@cache
def _optional(kind: type[Entity]) -> dict[str, FieldInfo]:
    return {name: field for name, field in kind.model_fields.items() if not field.is_required()}
