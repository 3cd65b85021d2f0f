"""Boards through the API: their forms, their caching, and what they keep to themselves."""

import csv
import io
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from minigiants.accounts.models import User
from minigiants.competitions.models import Competition, Host, Phase
from minigiants.leaderboards.models import Board
from minigiants.teams.models import Team
from tests.minigiants.leaderboards.entering import START, enter, new_team
from tests.support.factories import TeamFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def board(competition: Competition) -> str:
    """The address of a leaderboard with four teams, which stand the other way round privately."""
    for number, name in enumerate(["alpha", "beta", "=gamma", "delta"]):
        team = Team.objects.create(competition=competition, name=name)
        enter(
            team,
            0.9 - number / 10,
            START + timedelta(minutes=number),
            private=0.111 + number / 10,
            parameters=900 - number * 100,
            latency_seconds=0.001 * (number + 1),
        )
    return f"/api/v1/competitions/{competition.slug}/leaderboard"


def names(client: Client, path: str, **query: str | int) -> list[tuple[int, str]]:
    answer = client.get(path, {"division": "nano", **query})
    assert answer.status_code == 200, answer.content
    return [(row["rank"], row["team"]) for row in answer.json()["boards"][0]["rows"]]


def test_pages_orders_and_searches(client: Client, board: str) -> None:
    assert names(client, board, limit=2) == [(1, "alpha"), (2, "beta")]
    first = client.get(board, {"division": "nano", "limit": "3"}).json()["boards"][0]
    assert first["teams"] == 4
    assert names(client, board, cursor=first["next_cursor"]) == [(4, "delta")]
    assert names(client, board, offset=2, limit=1) == [(3, "=gamma")]
    assert names(client, board, sort="parameters", limit=2) == [(4, "delta"), (3, "=gamma")]
    assert names(client, board, team="BE") == [(2, "beta")]


def test_the_own_rank_and_what_stands_around_it(
    client: Client, board: str, competition: Competition
) -> None:
    person = UserFactory()
    team = TeamFactory(competition=competition, user=person, name="mine")
    enter(team, 0.65, START)
    client.force_login(person)
    answer = client.get(f"{board}/me")
    assert answer.json() == {
        "phase": "main",
        "split": "public",
        "team": "mine",
        "ranks": [
            {"division": {"slug": "nano", "title": "≤ 1k parameters"}, "rank": 4, "teams": 5}
        ],
    }
    assert names(client, board, around="me", limit=2) == [(3, "=gamma"), (4, "mine")]
    around = client.get(board, {"around": "me"})
    assert around["Cache-Control"] == "private, no-cache"
    assert Client().get(board, {"around": "me"}).json()["code"] == "not_authenticated"


def test_csv_has_the_same_rows_and_no_formulas(client: Client, board: str) -> None:
    answer = client.get(board, {"format": "csv"})
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["rank"], row["team"]) for row in rows] == [
        ("1", "alpha"),
        ("2", "beta"),
        ("3", "'=gamma"),
        ("4", "delta"),
    ]
    assert rows[0]["division"] == "nano"


def test_an_etag_spares_the_body_until_something_changes(
    client: Client, board: str, competition: Competition
) -> None:
    first = client.get(board)
    assert first["Cache-Control"] == "public, no-cache"
    assert first["Vary"] == "Authorization, Cookie"
    again = client.get(board, headers={"If-None-Match": f'"other", {first["ETag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(board, {"format": "csv"})["ETag"] != first["ETag"]
    enter(new_team(competition), 0.99)
    assert client.get(board, headers={"If-None-Match": first["ETag"]}).status_code == 200


@pytest.mark.parametrize("path", ["", "/late", "/pareto", "/history", "/me", "/shake-up"])
@pytest.mark.parametrize("form", ["json", "csv"])
def test_hidden_boards_answer_the_same_whatever_is_on_them(
    path: str, form: str, board: str, competition: Competition
) -> None:
    """No body, count, ETag or length tells anything before the reveal."""
    client = Client()
    client.force_login(TeamFactory(competition=competition).memberships.get().user)
    query = {"split": "private", "format": form}
    first = client.get(board + path, query)
    assert (first.status_code, first.json()["code"]) == (403, "board_hidden")
    assert first["Cache-Control"] == "no-store"
    assert "ETag" not in first
    enter(new_team(competition), 0.1, private=0.777)
    Board.objects.filter(split="private").delete()
    assert client.get(board + path, query).content == first.content


@pytest.mark.parametrize("path", ["", "/late", "/pareto", "/history"])
def test_public_answers_do_not_depend_on_private_scores(
    path: str, client: Client, board: str, competition: Competition
) -> None:
    before = client.get(board + path)
    assert before.status_code == 200
    for text in ("0.111", "0.411", "private"):
        assert text not in before.text.replace('"split":"public"', "")
    for entry in Board.objects.get(split="private", division__slug="nano").entries.all():
        enter(
            entry.team,
            Board.objects.get(split="public", division__slug="nano")
            .entries.get(submission_id=entry.submission_id)
            .score,
            entry.achieved_at,
            private=1 - entry.score,
            submission_id=entry.submission_id,
            parameters=entry.parameters,
            latency_seconds=entry.latency_seconds,
        )
    after = client.get(board + path)
    assert after.content == before.content
    assert after["ETag"] == before["ETag"]


def test_once_revealed_everybody_sees_the_shake_up(
    client: Client, board: str, competition: Competition
) -> None:
    host: User = UserFactory()
    Host.objects.create(competition=competition, user=host, role=Host.Role.OWNER)
    Phase.objects.update(closes_at=timezone.now() - timedelta(seconds=1))
    early = Client()
    early.force_login(host)
    shown = early.get(f"{board}/shake-up")
    assert (shown.status_code, shown["Cache-Control"]) == (200, "private, no-cache")
    assert client.get(f"{board}/shake-up").status_code == 403
    revealed = early.post(f"/api/v1/competitions/{competition.slug}/phases/main/reveal")
    assert revealed.json() == {"phase": "main", "is_revealed": True, "is_frozen": False}
    answer = client.get(f"{board}/shake-up")
    assert answer["Cache-Control"] == "public, no-cache"
    assert [
        (row["team"], row["public_rank"], row["private_rank"], row["climbed"])
        for row in answer.json()["rows"]
    ] == [("delta", 4, 1, 3), ("=gamma", 3, 2, 1), ("beta", 2, 3, -1), ("alpha", 1, 4, -3)]
    assert names(client, board, split="private")[0] == (1, "delta")


def test_the_front_of_score_and_cost(client: Client, board: str, competition: Competition) -> None:
    enter(new_team(competition, "heavy"), 0.1, parameters=950, latency_seconds=0.1)
    for axis, kinds in {
        "parameters": ["front", "front", "front", "front", "dominated"],
        "latency": ["front", "dominated", "dominated", "dominated", "dominated"],
    }.items():
        answer = client.get(f"{board}/pareto", {"axis": axis}).json()
        costs = [point["cost"] for point in answer["points"]]
        assert costs == sorted(costs)
        assert [point["dominance"] for point in answer["points"]] == kinds
        assert answer["left_out"] == 0
    assert client.get(f"{board}/pareto", {"axis": "memory"}).json()["points"] == []
    assert client.get(f"{board}/pareto", {"axis": "colour"}).status_code == 422


def test_scores_over_time(client: Client, board: str, competition: Competition) -> None:
    delta = Team.objects.get(name="delta")
    enter(delta, 0.95, START + timedelta(hours=1))
    enter(delta, 0.2, START + timedelta(hours=2))
    answer = client.get(f"{board}/history", {"team": [str(delta.pk)]}).json()
    nano = answer["divisions"][0]
    assert [(step["team"], step["score"]) for step in nano["best"]] == [
        ("alpha", 0.9),
        ("delta", 0.95),
    ]
    (mine,) = nano["teams"]
    assert [step["score_shown"] for step in mine["steps"]] == ["0.6000", "0.9500"]


def test_late_ones_stand_apart(client: Client, board: str, competition: Competition) -> None:
    for number in range(3):
        enter(new_team(competition, f"late{number}"), 1.0 - number / 10, is_late=True)
    first = client.get(f"{board}/late", {"limit": 2}).json()
    assert [row["score"] for row in first["rows"]] == [1.0, 0.9]
    following = client.get(f"{board}/late", {"cursor": first["next_cursor"]}).json()
    assert [row["score"] for row in following["rows"]] == [0.8]
    assert len(names(client, board)) == 4
