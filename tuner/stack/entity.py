"""What every part of the model is made of."""

from pydantic import BaseModel, ConfigDict


class Entity(BaseModel):
    """Something rules are about. `entity` names it in reports and stays the same when files are edited.

    Entities are equal only to themselves: their contents go in circles.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, defer_build=True, extra="forbid")

    entity: str

    __eq__ = object.__eq__
    __hash__ = object.__hash__
