"""Finding competitions: by words, state and task, without a script."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests.support.factories import CompetitionFactory, pack_spec

pytestmark = pytest.mark.django_db


def phase(opens: int, closes: int) -> dict[str, object]:
    now = timezone.now()
    return {
        "slug": "main",
        "title": "Main",
        "opens": now + timedelta(days=opens),
        "closes": now + timedelta(days=closes),
        "quota": {"per_day": 5},
    }


@pytest.fixture(autouse=True)
def competitions() -> None:
    CompetitionFactory(spec=pack_spec(title="Tiny digits", tagline="Read numbers"))
    CompetitionFactory(spec=pack_spec(title="Later", tagline="Digits too", phases=[phase(2, 9)]))
    CompetitionFactory(spec=pack_spec(title="Gone", tagline="It was", phases=[phase(-9, -2)]))


def titles(client: Client, query: str) -> set[str]:
    text = client.get(f"/competitions/{query}").text
    return {title for title in ("Tiny digits", "Later", "Gone") if f">{title}</a>" in text}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"Tiny digits", "Later", "Gone"}),
        ("?q=DIGITS", {"Tiny digits", "Later"}),
        ("?q=digits+numbers", {"Tiny digits"}),
        ("?state=open", {"Tiny digits"}),
        ("?state=coming", {"Later"}),
        ("?state=over", {"Gone"}),
        ("?q=digits&state=coming", {"Later"}),
        ("?task=classification", {"Tiny digits", "Later", "Gone"}),
        ("?task=regression", set()),
        ("?state=nonsense", {"Tiny digits", "Later", "Gone"}),
    ],
)
def test_what_is_asked_for_is_found(client: Client, query: str, expected: set[str]) -> None:
    assert titles(client, query) == expected


def test_what_was_asked_for_stands_in_the_form(client: Client) -> None:
    text = client.get("/competitions/?q=<b>x</b>&state=over").text
    assert "&lt;b&gt;x&lt;/b&gt;" in text
    assert "<b>x</b>" not in text
    assert '<option value="over" selected>' in text
    assert "Nothing suits" in text
