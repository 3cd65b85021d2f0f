"""Who asks, and what they ask for.

Django is imported within the fixtures: pytest reads this file before the settings are there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from django.test import Client

    from minigiants.accounts.models import User
    from minigiants.competitions.models import Competition
    from minigiants.teams.models import Team

Bearer = Callable[..., dict[str, str]]


@pytest.fixture(autouse=True)
def fresh(empty_redis: None) -> None:
    """Each test begins with all of its requests left."""


@pytest.fixture
def competition(db: None) -> Competition:
    """A competition that is open."""
    from tests.support.factories import CompetitionFactory

    return CompetitionFactory()


@pytest.fixture
def member(db: None) -> User:
    """A person with a team in `competition`."""
    from tests.support.factories import UserFactory

    return UserFactory()


@pytest.fixture
def team(competition: Competition, member: User) -> Team:
    """The team of `member` alone."""
    from tests.support.factories import TeamFactory

    return TeamFactory(competition=competition, user=member)


@pytest.fixture
def bearer() -> Bearer:
    """Makes the header of a fresh token."""
    from minigiants.accounts.services import token_create

    def header(user: User, scopes: Iterable[str] = ("read", "submit")) -> dict[str, str]:
        _, secret = token_create(user=user, name="test", scopes=scopes, days=1)
        return {"Authorization": f"Bearer {secret}"}

    return header


@pytest.fixture
def member_client(team: Team, member: User, bearer: Bearer) -> Client:
    """A client with a token of `member` that may all."""
    from django.test import Client

    return Client(headers=bearer(member))
