"""What every page sends besides itself."""

import re

import pytest
from django.test import Client

from minigiants.competitions.models import Competition
from minigiants.teams.models import Team

pytestmark = pytest.mark.django_db

ANYBODY = [
    "/",
    "/competitions/",
    "/competitions/digits/",
    "/competitions/digits/data/",
    "/competitions/digits/rules/",
    "/competitions/digits/leaderboard/",
    "/competitions/digits/records/",
    "/competitions/digits/submit/",
    "/competitions/digits/discussion/",
    "/competitions/digits/announcements/",
    "/docs/errors",
    "/docs/quickstart",
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/nothing/here/",
]
OWN = [
    "/competitions/digits/submit/",
    "/competitions/digits/submissions/",
    "/competitions/digits/team/",
    "/competitions/digits/discussion/new/",
    "/notices/",
    "/settings/tokens/",
    "/accounts/2fa/",
    "/accounts/reauthenticate/",
]


def check(client: Client, address: str) -> None:
    answer = client.get(address)
    policy = answer["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    # Nothing that the policy would block: no inline style, handler or script.
    assert not re.search(r"<[^>]+\s(style|on[a-z]+)=", answer.text)
    for attributes, body in re.findall(r"<script([^>]*)>(.*?)</script>", answer.text, re.S):
        assert "src=" in attributes or 'type="application/json"' in attributes
        assert "src=" not in attributes or not body.strip()
    for source in re.findall(r'(?:src|href)="(https?://[^"]+)"', answer.text):
        assert source.startswith("https://creativecommons.org/")  # a link, loads nothing


@pytest.mark.parametrize("address", ANYBODY)
def test_public_pages(client: Client, competition: Competition, address: str) -> None:
    check(client, address)


@pytest.mark.parametrize("address", OWN)
def test_own_pages(logged_in: Client, team: Team, address: str) -> None:
    check(logged_in, address)


@pytest.mark.parametrize("address", OWN)
def test_own_pages_are_not_kept_by_caches(logged_in: Client, team: Team, address: str) -> None:
    assert "no-store" in logged_in.get(address)["Cache-Control"]
