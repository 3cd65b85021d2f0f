"""People, as everybody may see them."""

from datetime import date

from pydantic import Field

from minigiants.api.schemas.base import Out


class RankOut(Out):
    competition: str
    phase: str
    division: str
    team: str
    rank: int
    is_final: bool = Field(description="On the private board, which has been revealed")


class PersonOut(Out):
    username: str
    about: str
    homepage: str
    since: date
    ranks: list[RankOut] = Field(description="In public competitions, the latest first")
