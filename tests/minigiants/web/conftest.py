"""A competition, people and submissions as pages show them, and a site that browsers can visit.

Django is imported within the fixtures: pytest reads this file before the settings are there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from django.test import Client

    from minigiants.accounts.models import User
    from minigiants.competitions.models import Competition
    from minigiants.teams.models import Team


@pytest.fixture(autouse=True)
def fresh(empty_redis: None) -> None:
    """Each test begins with all of its requests left."""


@pytest.fixture
def competition(db: None) -> Competition:
    """A competition that is open."""
    from tests.support.factories import CompetitionFactory

    return CompetitionFactory(slug="digits")


@pytest.fixture
def person(db: None) -> User:
    """Somebody with an account."""
    from tests.support.factories import UserFactory

    return UserFactory(username="ada")


@pytest.fixture
def team(competition: Competition, person: User) -> Team:
    """The team of `person` alone, with the rules accepted."""
    from tests.support.factories import TeamFactory

    return TeamFactory(competition=competition, user=person, name="Ada's team")


@pytest.fixture
def logged_in(person: User) -> Client:
    """A client that `person` is logged in with."""
    from django.test import Client

    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def site(transactional_db: None) -> Iterator[str]:
    """The address of the whole site, served as in production but in this process."""
    from tests.minigiants.web.asgi_site import running_site

    with running_site() as address:
        yield address
