"""Standings: the best counts, ties go to the earlier, pages agree with a full sort."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connections
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minigiants.competitions.models import Competition
from minigiants.core.problems import InvalidInput, NotFound
from minigiants.leaderboards.models import Board, Standing
from minigiants.leaderboards.selectors import boards_page, rank_of
from minigiants.leaderboards.services import standing_record
from minigiants.teams.models import Team
from tests.support.factories import CompetitionFactory

pytestmark = pytest.mark.django_db

START = timezone.now()


def record(
    team: Team, score: float, at: datetime = START, *, higher_is_better: bool = True
) -> Standing:
    competition = team.competition
    return standing_record(
        phase=competition.phases.get(),
        division=competition.divisions.get(slug="nano"),
        split="public",
        team=team,
        submission_id=uuid4(),
        score=score,
        higher_is_better=higher_is_better,
        achieved_at=at,
        format="onnx",
        parameters=650,
        tensor_bits=20_800,
        artifact_bytes=3000,
    )


def new_team(competition: Competition, name: str = "t") -> Team:
    return Team.objects.create(competition=competition, name=f"{name}-{uuid4()}")


def shown(competition: Competition, limit: int = 200) -> list[tuple[int, str, float]]:
    """All rows of the board, page by page."""
    rows, cursor = [], None
    while True:
        _, (page,) = boards_page(
            competition=competition, division_slug="nano", cursor=cursor, limit=limit
        )
        rows += [(row.rank, row.team, row.score) for row in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            return rows


def test_the_best_score_counts_in_both_directions() -> None:
    competition = CompetitionFactory()
    up, down = new_team(competition), new_team(competition)
    for score in (0.5, 0.9, 0.7):
        record(up, score)
        record(down, score, higher_is_better=False)
    assert Standing.objects.get(team=up).score == 0.9
    assert Standing.objects.get(team=down).score == 0.5
    assert Standing.objects.get(team=up).entries == 3


def test_of_equal_scores_the_earlier_stays() -> None:
    team = new_team(CompetitionFactory())
    first = record(team, 0.9, START).submission_id
    record(team, 0.9, START + timedelta(hours=1))
    assert Standing.objects.get().submission_id == first


def test_ties_between_teams_go_to_the_earlier() -> None:
    competition = CompetitionFactory()
    late, early = new_team(competition, "late"), new_team(competition, "early")
    record(late, 0.9, START + timedelta(hours=1))
    record(early, 0.9, START)
    assert [name for _, name, _ in shown(competition)] == [early.name, late.name]


@settings(
    deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    entries=st.lists(
        st.tuples(st.integers(0, 5), st.sampled_from([0.1, 0.2, 0.3]), st.integers(0, 4)),
        max_size=24,
    ),
    limit=st.integers(1, 4),
)
def test_pages_and_ranks_agree_with_a_full_sort(
    db: None, entries: list[tuple[int, float, int]], limit: int
) -> None:
    competition = CompetitionFactory()
    teams = [new_team(competition) for _ in range(6)]
    best: dict[int, tuple[float, datetime]] = {}
    for which, score, hour in entries:
        at = START + timedelta(hours=hour)
        record(teams[which], score, at)
        best[which] = min(best.get(which, (0.0, at)), (-score, at))
    rows = shown(competition, limit)
    assert [rank for rank, _, _ in rows] == list(range(1, len(best) + 1))
    names = {team.name: number for number, team in enumerate(teams)}
    order = [best[names[name]] for _, name, _ in rows]
    assert order == sorted(best.values())
    division, phase = competition.divisions.get(slug="nano"), competition.phases.get()
    ranks = {
        name: rank_of(phase=phase, division=division, team_id=teams[names[name]].pk)
        for _, name, _ in rows
    }
    assert ranks == {name: rank for rank, name, _ in rows}


def test_a_board_that_nobody_is_on_is_empty() -> None:
    competition = CompetitionFactory()
    _, pages = boards_page(competition=competition)
    assert [(page.division.slug, list(page.rows)) for page in pages] == [
        ("nano", []),
        ("micro", []),
    ]


def test_private_scores_are_on_no_page() -> None:
    competition = CompetitionFactory()
    team = new_team(competition)
    record(team, 0.4)
    Board.objects.update(split="private")
    assert shown(competition) == []
    assert (
        rank_of(
            phase=competition.phases.get(),
            division=competition.divisions.get(slug="nano"),
            team_id=team.pk,
        )
        is None
    )


@pytest.mark.parametrize("cursor", ["x", "e30=", "WzEsMiwzXQ==", "bnVsbA=="])
def test_a_made_up_cursor_is_refused(cursor: str) -> None:
    competition = CompetitionFactory()
    record(new_team(competition), 0.4)
    with pytest.raises(InvalidInput):
        boards_page(competition=competition, division_slug="nano", cursor=cursor)


def test_unknown_phases_and_divisions_do_not_exist() -> None:
    competition = CompetitionFactory()
    with pytest.raises(NotFound):
        boards_page(competition=competition, phase_slug="nope")
    with pytest.raises(NotFound):
        boards_page(competition=competition, division_slug="nope")


def test_a_page_takes_a_fixed_number_of_queries(django_assert_num_queries: object) -> None:
    competition = CompetitionFactory()
    for score in range(30):
        record(new_team(competition), score / 30)
    competition.refresh_from_db()
    assert competition.current_version
    with django_assert_num_queries(4):  # type: ignore[operator]
        boards_page(competition=competition, division_slug="nano", limit=10)


@pytest.mark.django_db(transaction=True)
def test_scores_that_come_at_once_leave_the_best() -> None:
    team = new_team(CompetitionFactory())

    def try_one(number: int) -> None:
        try:
            record(team, number / 10)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(try_one, range(8)))
    standing = Standing.objects.get()
    assert (standing.score, standing.entries) == (0.7, 8)
