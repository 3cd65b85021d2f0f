"""A person at a command line, with a config folder of their own, and a server that answers.

Django is imported within the fixtures: pytest reads this file before the settings are there.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from minigiants.accounts.models import User
    from minigiants.competitions.models import Competition
    from tests.support.asgi_server import AsgiServer


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Neither the caller's tokens nor their unfinished uploads are in reach."""
    for variable, name in (
        ("XDG_CONFIG_HOME", "config"),
        ("XDG_CACHE_HOME", "cache"),
        ("HOME", "home"),
    ):
        monkeypatch.setenv(variable, str(tmp_path / name))
    for variable in ("MINIGIANTS_URL", "MINIGIANTS_TOKEN"):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path


@pytest.fixture
def person(asgi_server: AsgiServer) -> User:
    """Somebody who has signed up."""
    from tests.support.factories import UserFactory

    return UserFactory()


@pytest.fixture
def competition(asgi_server: AsgiServer, person: User) -> Competition:
    """A competition whose rules `person` has accepted."""
    from minigiants.competitions.services import rules_accept
    from tests.support.factories import CompetitionFactory

    competition: Competition = CompetitionFactory(slug="tiny")
    rules_accept(user=person, competition=competition)
    return competition


@pytest.fixture
def token(person: User) -> str:
    """A token of `person` that may all."""
    from minigiants.accounts.services import token_create

    return token_create(user=person, name="test", scopes=["read", "submit"], days=1)[1]


@pytest.fixture
def logged_in(asgi_server: AsgiServer, token: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The environment of a CI job; returns the server's address."""
    monkeypatch.setenv("MINIGIANTS_URL", asgi_server.url)
    monkeypatch.setenv("MINIGIANTS_TOKEN", token)
    return asgi_server.url
