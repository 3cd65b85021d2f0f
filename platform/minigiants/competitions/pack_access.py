"""What `competition.yaml` says of people: who may know of the competition, and how they team up."""

from enum import StrEnum
from typing import Annotated, Final

from pydantic import AwareDatetime, Field, ValidationInfo, field_validator

from minigiants.competitions.pack_fields import EMAIL_DOMAIN, Section

MAX_DOMAINS: Final = 100


class Audience(StrEnum):
    """Who may know of a competition, besides its hosts and the staff."""

    PUBLIC = "public"
    """Everybody."""
    LINK = "link"
    """Whoever has followed its secret link."""
    INVITATION = "invitation"
    """Whom a host has invited."""
    EMAIL_DOMAIN = "email-domain"
    """Whoever has a confirmed e-mail address in one of the domains, and whom a host has invited."""


class Visibility(Section):
    """Who may know of the competition. To all others it does not exist."""

    audience: Audience = Audience.PUBLIC
    email_domains: tuple[Annotated[str, Field(pattern=EMAIL_DOMAIN, max_length=253)], ...] = Field(
        default=(), max_length=MAX_DOMAINS, validate_default=True
    )

    @field_validator("email_domains")
    @classmethod
    def _domains_suit(cls, domains: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        audience = info.data.get("audience")
        if audience is not None and bool(domains) != (audience is Audience.EMAIL_DOMAIN):
            raise ValueError(
                f"the audience {Audience.EMAIL_DOMAIN.value!r}, and no other, names e-mail domains"
            )
        return domains


class TeamRules(Section):
    """How many people may compete together, and until when teams may merge.

    A time without an offset is one of the competition's `timezone`. Without a deadline teams may
    merge for as long as they can change at all: until the last phase closes.
    """

    max_size: int = Field(default=5, ge=1, le=100)
    merge_deadline: AwareDatetime | None = None
