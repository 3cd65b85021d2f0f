"""Discussions, announcements and notices."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StrictBool

from minigiants.api.schemas.base import In, Out
from minigiants.community.models import BODY_CHARACTERS, REASON_CHARACTERS, TITLE_CHARACTERS

TitleText = Annotated[str, Field(min_length=1, max_length=TITLE_CHARACTERS)]
BodyText = Annotated[str, Field(min_length=1, max_length=BODY_CHARACTERS, description="Markdown")]
ReasonText = Annotated[str, Field(min_length=1, max_length=REASON_CHARACTERS)]


class ThreadOut(Out):
    id: UUID
    title: str
    author: str
    created_at: datetime
    last_post_at: datetime
    replies: int
    is_pinned: bool
    is_locked: bool
    url: str


class ThreadList(Out):
    items: list[ThreadOut]
    next_cursor: str | None


class PostOut(Out):
    id: UUID
    author: str
    is_host: bool
    created_at: datetime
    edited_at: datetime | None
    state: str = Field(description="`visible`, `hidden` (by a moderator) or `deleted`")
    body: str = Field(description="Markdown; empty unless `visible`")


class PostList(Out):
    items: list[PostOut]
    next_cursor: str | None


class ThreadIn(In):
    title: TitleText
    body: BodyText


class BodyIn(In):
    body: BodyText


class ThreadFlagsIn(In):
    is_pinned: StrictBool | None = None
    is_locked: StrictBool | None = None
    subscribed: StrictBool | None = Field(default=None, description="For yourself")


class ReasonIn(In):
    reason: ReasonText


class ReportOut(Out):
    id: UUID
    reason: str


class AnnouncementOut(Out):
    id: UUID
    title: str
    body: str = Field(description="Markdown")
    author: str
    created_at: datetime


class AnnouncementList(Out):
    items: list[AnnouncementOut]
    next_cursor: str | None


class NoticeOut(Out):
    id: UUID
    kind: str
    title: str
    text: str
    path: str
    created_at: datetime
    read_at: datetime | None


class NoticeList(Out):
    items: list[NoticeOut]
    next_cursor: str | None


class ReadOut(Out):
    read: int = Field(description="How many were not read before")
