"""The caller."""

from datetime import datetime

from pydantic import Field

from minigiants.api.schemas.base import Out


class TokenOut(Out):
    name: str
    prefix: str
    scopes: list[str]
    expires_at: datetime


class MeOut(Out):
    username: str
    email: str
    token: TokenOut | None = Field(description="The token that asked; null for a session")
