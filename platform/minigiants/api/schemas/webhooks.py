"""Webhooks, and the log of what was sent to them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, StrictBool

from minigiants.api.schemas.base import In, Out
from minigiants.notifications.models import DESCRIPTION_CHARACTERS, URL_CHARACTERS
from minigiants.notifications.webhook_events import all_kinds

Url = Annotated[
    str,
    Field(
        min_length=9,
        max_length=URL_CHARACTERS,
        pattern=r"^https?://[^\s/?#@]+(/[^\s#]*)?$",
        description="HTTPS, a public address, port 443 or 8443",
    ),
]
Kinds = Annotated[
    list[Annotated[str, Field(json_schema_extra={"enum": [kind.name for kind in all_kinds()]})]],
    Field(
        max_length=64,
        description="The kinds of events that it hears of; none: all. Teams are not told those "
        "of `competition.`",
    ),
]
Description = Annotated[str, Field(max_length=DESCRIPTION_CHARACTERS)]


class WebhookIn(In):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "url": "https://example.org/minigiants",
                    "kinds": ["submission.scored", "submission.failed"],
                    "description": "Our chat",
                }
            ]
        }
    )

    url: Url
    kinds: Kinds = Field(default=[])
    description: Description = ""


class WebhookChange(In):
    """What is left out stays as it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"enabled": True}]})

    url: Url | None = None
    kinds: Kinds | None = None
    description: Description | None = None
    enabled: StrictBool | None = None


class WebhookOut(Out):
    id: UUID
    url: str
    kinds: list[str]
    description: str
    enabled: bool
    disabled_reason: str = Field(
        description="by_person, failing, gone or owner_left; empty while it is enabled"
    )
    owner: str = Field(description="User name of who made it or last switched it on")
    failures: int = Field(description="Failed attempts since the last success")
    last_success_at: datetime | None
    created_at: datetime


class MadeWebhook(WebhookOut):
    secret: str = Field(description="Signs the messages. Shown only here")


class WebhookList(Out):
    items: list[WebhookOut]
    next_cursor: str | None


class AttemptOut(Out):
    at: datetime
    seconds: float
    response_status: int | None
    error: str = Field(description="Why it failed; empty: it did not")


class DeliveryOut(Out):
    id: UUID
    message_id: str = Field(description="The `webhook-id` that each attempt carries")
    kind: str
    body: str = Field(description="The very text that is sent and signed")
    status: str = Field(description="pending, delivered or failed")
    created_at: datetime
    next_attempt_at: datetime | None = Field(description="Null: none is due")
    attempts: list[AttemptOut]


class DeliveryList(Out):
    items: list[DeliveryOut]
    next_cursor: str | None
