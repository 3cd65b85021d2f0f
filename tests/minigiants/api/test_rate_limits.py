"""How many requests a caller may make, counted in Redis."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from minigiants.accounts.models import User
from minigiants.api import rate_limits
from minigiants.teams.models import Team
from tests.support.problem_documents import code_of


@pytest.fixture
def limits(settings: Any) -> Callable[..., None]:
    """Sets the limits of one test."""

    def set_limits(**limits: tuple[int, int]) -> None:
        settings.API_RATE_LIMITS = {**settings.API_RATE_LIMITS, **limits}

    return set_limits


def test_parallel_requests_never_pass_the_limit(limits: Callable[..., None]) -> None:
    limits(token=(10, 3600))
    caller = str(uuid4())

    def passes(_: int) -> bool:
        try:
            rate_limits.take(policy="token", caller=caller)
        except rate_limits.OverLimit:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(passes, range(40))) == 10


def test_the_bucket_refills_evenly(limits: Callable[..., None]) -> None:
    limits(token=(2, 60))
    caller = str(uuid4())
    first = rate_limits.take(policy="token", caller=caller)
    second = rate_limits.take(policy="token", caller=caller)
    assert first is not None
    assert second is not None
    assert (first.left, second.left) == (1, 0)
    assert 58 <= second.reset <= 60  # seconds until it is full again
    with pytest.raises(rate_limits.OverLimit) as refused:
        rate_limits.take(policy="token", caller=caller)
    assert 28 <= refused.value.allowance.reset <= 30  # seconds until one more fits


def test_callers_and_policies_are_counted_apart(limits: Callable[..., None]) -> None:
    limits(token=(1, 60), address=(1, 60))
    one, other = str(uuid4()), str(uuid4())
    rate_limits.take(policy="token", caller=one)
    rate_limits.take(policy="token", caller=other)
    rate_limits.take(policy="address", caller=one)
    with pytest.raises(rate_limits.OverLimit):
        rate_limits.take(policy="token", caller=one)


@pytest.mark.django_db
def test_headers_tell_what_is_left(limits: Callable[..., None], member_client: Client) -> None:
    limits(token=(2, 60))
    first = member_client.get("/api/v1/me")
    assert first["RateLimit-Policy"] == '"token";q=2;w=60'
    assert first["RateLimit"] == '"token";r=1;t=30'
    member_client.get("/api/v1/me")
    third = member_client.get("/api/v1/me")
    assert (third.status_code, code_of(third)) == (429, "rate_limited")
    assert 28 <= int(third["Retry-After"]) <= 30
    assert third["RateLimit"].startswith('"token";r=0;t=')


@pytest.mark.django_db
def test_a_session_and_an_address_have_their_own_limits(
    limits: Callable[..., None], team: Team, member: User
) -> None:
    address = f"192.0.2.{uuid4().int % 250}"
    limits(session=(1, 60), address=(1, 60))
    session = Client(REMOTE_ADDR=address)
    session.force_login(member)
    assert session.get("/api/v1/me").status_code == 200
    assert session.get("/api/v1/me").status_code == 429
    stranger = Client(REMOTE_ADDR=address)
    assert stranger.get("/api/v1/competitions").status_code == 200
    assert stranger.get("/api/v1/competitions").status_code == 429


@pytest.mark.django_db
def test_guessing_tokens_is_slowed_down(limits: Callable[..., None]) -> None:
    limits(refused=(2, 60))
    guesser = Client(REMOTE_ADDR=f"198.51.100.{uuid4().int % 250}")
    statuses = [
        guesser.get("/api/v1/me", headers={"Authorization": "Bearer mg_guess"}).status_code
        for _ in range(3)
    ]
    assert statuses == [401, 401, 429]


@pytest.mark.django_db
def test_without_redis_the_api_goes_on(
    settings: Any, member_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.BROKER_URL = "redis://127.0.0.1:1/0"
    rate_limits.shared_redis.cache_clear()
    try:
        response = member_client.get("/api/v1/me")
    finally:
        rate_limits.shared_redis.cache_clear()
    assert response.status_code == 200
    assert "RateLimit" not in response
