"""The caller, and the caller's tokens."""

from datetime import datetime
from uuid import UUID

from pydantic import ConfigDict, Field, StrictBool

from minigiants.accounts.models import Scope
from minigiants.accounts.services import MAX_DAYS, NAME_CHARACTERS
from minigiants.api.schemas.base import In, Out


class TokenOut(Out):
    """A token, without its secret: only the hash of that is kept."""

    id: UUID
    name: str
    prefix: str = Field(description="How its secret begins")
    scopes: list[str]
    competition: str = Field(description="The one that it opens; empty: all")
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = Field(description="To the minute; null: never")
    revoked_at: datetime | None


class MadeToken(TokenOut):
    secret: str = Field(description="Shown only here, and again where the POST is repeated")


class TokenList(Out):
    items: list[TokenOut]
    next_cursor: str | None


class TokenIn(In):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "CI of our repository",
                    "scopes": ["read", "submit"],
                    "days": 90,
                    "competition": "digits",
                }
            ]
        }
    )

    name: str = Field(min_length=1, max_length=NAME_CHARACTERS, pattern=r"\S")
    scopes: list[Scope] = Field(min_length=1, max_length=len(Scope))
    days: int = Field(ge=1, le=MAX_DAYS)
    competition: str = Field(
        default="", max_length=64, description="Slug of the one that it shall open; empty: all"
    )


class RotateIn(In):
    model_config = ConfigDict(json_schema_extra={"examples": [{"days": 90}]})

    days: int = Field(ge=1, le=MAX_DAYS, description="How long the new token lives")


class MeOut(Out):
    username: str
    email: str
    wants_result_mail: bool
    wants_reply_mail: bool
    wants_announcement_mail: bool
    wants_team_mail: bool
    wants_moderation_mail: bool
    token: TokenOut | None = Field(description="The token that asked; null for a session")


class MeIn(In):
    """What is left out stays as it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"wants_result_mail": True}]})

    wants_result_mail: StrictBool | None = Field(
        default=None, description="Mails when a submission is scored or fails"
    )
    wants_reply_mail: StrictBool | None = Field(
        default=None, description="Mails on replies in threads that you follow"
    )
    wants_announcement_mail: StrictBool | None = Field(
        default=None, description="Mails on what the hosts of your competitions announce"
    )
    wants_team_mail: StrictBool | None = Field(
        default=None, description="Mails on invitations, proposals and changes of your teams"
    )
    wants_moderation_mail: StrictBool | None = Field(
        default=None, description="Mails on the moderation of your posts, and reports to you"
    )
