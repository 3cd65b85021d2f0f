"""Who asks the API: people by their sessions, and tokens that lack one thing each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.test import Client
from django.utils import timezone

from minigiants.accounts.models import ApiToken, Scope, User
from minigiants.accounts.services import token_create, token_revoke
from minigiants.competitions.models import Host
from minigiants.teams.models import Team
from tests.support.factories import CompetitionFactory, UserFactory, member_add

HOSTS = tuple(f"host_{role}" for role in Host.Role.values)
"""People who run the competition, one of each role, who are in no team."""

SCOPES = tuple(f"scope_{scope}" for scope in Scope.values)
"""Tokens with one scope each, of somebody who may do everything: only the scope decides."""

BAD_TOKENS = ("expired", "revoked")

PERSONAS = (
    "anonymous",
    "other",  # has an account and nothing else
    "member",  # of the team that the request speaks of
    "colleague",  # another member of it
    *HOSTS,
    "staff",  # in no team, host of nothing
    *SCOPES,
    "bound",  # a token with all scopes, for this competition only
    "elsewhere",  # a token with all scopes, for another competition only
    *BAD_TOKENS,
)


@dataclass(frozen=True)
class Cast:
    """The people behind the personas, and the headers of the tokens."""

    sessions: Mapping[str, User]
    headers: Mapping[str, Mapping[str, str]]

    def client(self, persona: str) -> Client:
        """A client that asks as `persona`."""
        client = Client(headers=dict(self.headers.get(persona, {})))
        if persona in self.sessions:
            client.force_login(self.sessions[persona])
        return client


def cast_of(team: Team, member: User) -> Cast:
    """Everybody who may ask about `team`, of which `member` is a member already."""
    sessions: dict[str, User] = {
        "other": UserFactory(),
        "member": member,
        "colleague": UserFactory(),
        "staff": UserFactory(is_staff=True),
    }
    member_add(team, sessions["colleague"])
    for role in Host.Role.values:
        sessions[f"host_{role}"] = UserFactory()
        Host.objects.create(competition=team.competition, user=sessions[f"host_{role}"], role=role)
    everything = UserFactory(is_staff=True)
    member_add(team, everything)
    Host.objects.create(competition=team.competition, user=everything, role=Host.Role.OWNER)
    return Cast(sessions, _tokens(everything, team.competition.slug))


def _tokens(user: User, slug: str) -> dict[str, dict[str, str]]:
    def token(*scopes: str, competition: str = "") -> tuple[ApiToken, dict[str, str]]:
        made, secret = token_create(
            user=user, name="t", scopes=scopes or Scope.values, days=1, competition=competition
        )
        return made, {"Authorization": f"Bearer {secret}"}

    headers = {f"scope_{scope}": token(scope)[1] for scope in Scope.values}
    headers["bound"] = token(competition=slug)[1]
    headers["elsewhere"] = token(competition=CompetitionFactory().slug)[1]
    expired, headers["expired"] = token()
    ApiToken.objects.filter(pk=expired.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    revoked, headers["revoked"] = token()
    token_revoke(user=user, token_id=revoked.pk)
    return headers
