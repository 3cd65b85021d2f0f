"""The page of rescores tells public ranks before and after, and no private ones."""

import pytest
from django.test import Client
from django.utils import timezone

from minigiants.competitions.models import Competition
from minigiants.competitions.selectors import current_version
from minigiants.submissions.models import Rescore
from tests.support.factories import CompetitionFactory

pytestmark = pytest.mark.django_db


def row(split: str, team: str, before: int | None, after: int | None) -> dict[str, object]:
    return {
        "phase": "main",
        "division": "nano",
        "split": split,
        "team": team,
        "rank_before": before,
        "rank_after": after,
        "score_before": None if before is None else 0.25,
        "score_after": None if after is None else 0.75,
    }


def test_ranks_before_and_after(client: Client) -> None:
    competition: Competition = CompetitionFactory()
    Rescore.objects.create(
        competition=competition,
        version=current_version(competition),
        reason="A <label> was wrong.",
        state=Rescore.State.APPLIED,
        ended_at=timezone.now(),
        table=[
            row("public", "Ups", 3, 1),
            row("public", "Downs", 1, 2),
            row("public", "Gone", 2, None),
            row("private", "Secret", 1, 1),
        ],
    )
    running = Rescore.objects.create(
        competition=competition, version=current_version(competition), reason="Still going"
    )
    text = client.get(f"/competitions/{competition.slug}/rescores/").text
    assert "A &lt;label&gt; was wrong." in text
    assert "↑2" in text
    assert "↓1" in text
    assert "Gone" in text
    assert "Secret" not in text
    assert running.reason not in text


def test_an_empty_page_says_so(client: Client) -> None:
    competition = CompetitionFactory()
    assert (
        "Nothing has been rescored"
        in client.get(f"/competitions/{competition.slug}/rescores/").text
    )
