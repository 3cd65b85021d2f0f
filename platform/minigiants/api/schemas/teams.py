"""Teams, invitations and proposals to merge."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StrictBool

from minigiants.api.schemas.base import In, Out
from minigiants.teams.models import NAME_CHARACTERS

TeamName = Annotated[str, Field(min_length=1, max_length=NAME_CHARACTERS)]


class MemberOut(Out):
    username: str
    is_leader: bool
    joined_at: datetime


class InvitationOut(Out):
    id: UUID
    competition: str
    team: str
    to: str = Field(description="A user name or an e-mail address")
    invited_by: str
    state: str
    expires_at: datetime


class InvitationList(Out):
    items: list[InvitationOut]


class MergeOut(Out):
    id: UUID
    team: str = Field(description="The team that stays")
    other: str = Field(description="The team that becomes part of it")
    proposed_by: str
    state: str


class TeamOut(Out):
    id: UUID
    name: str
    members: list[MemberOut]
    max_members: int
    changes_until: datetime
    merges_until: datetime
    invitations: list[InvitationOut] = Field(description="Open ones, the newest first")
    merges: list[MergeOut] = Field(description="Open proposals, made or received")


class TeamIn(In):
    name: TeamName


class LeaderIn(In):
    username: str = Field(max_length=150)


class InvitationIn(In):
    to: str = Field(max_length=254, description="A user name or an e-mail address")


class MergeIn(In):
    team: TeamName = Field(description="The name of the team that shall become part of yours")


class AnswerIn(In):
    accept: StrictBool
