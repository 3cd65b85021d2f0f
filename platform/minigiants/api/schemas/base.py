"""What all schemas of the API share."""

from pydantic import BaseModel, ConfigDict


class Out(BaseModel):
    """An answer: made from the objects that selectors return, by attribute."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class In(BaseModel):
    """A request's body: closed to fields that it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)
