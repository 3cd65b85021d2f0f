"""Standings: which entry counts, who leaves, who returns."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.db import connections
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minigiants.competitions.models import Competition
from minigiants.leaderboards.board_pages import BoardQuery, boards_page
from minigiants.leaderboards.models import Board, Entry, Standing
from minigiants.leaderboards.selectors import rank_of
from minigiants.leaderboards.services import (
    boards_freeze,
    boards_thaw,
    entries_disqualify,
    entries_select,
    team_refresh,
)
from minigiants.teams.models import Team
from tests.minigiants.leaderboards.entering import RULES, START, enter, new_team
from tests.support.factories import CompetitionFactory

pytestmark = pytest.mark.django_db

LOWER = replace(RULES, higher_is_better=False)


def publicly(team: Team) -> Standing:
    return Standing.objects.get(team=team, board__split="public")


def privately(team: Team) -> Standing:
    return Standing.objects.get(team=team, board__split="private")


def shown(competition: Competition, limit: int = 200) -> list[tuple[int, str, float]]:
    """All rows of the board, page by page."""
    rows, cursor = [], None
    while True:
        query = BoardQuery(division="nano", cursor=cursor, limit=limit)
        _, (page,) = boards_page(competition=competition, query=query, viewer=None)
        rows += [(row.rank, row.team, row.score) for row in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            return rows


def test_the_best_score_counts_in_both_directions() -> None:
    competition = CompetitionFactory()
    up, down = new_team(competition), new_team(competition)
    for score in (0.5, 0.9, 0.7):
        enter(up, score)
        enter(down, score, rules=LOWER)
    assert publicly(up).score == 0.9
    assert publicly(down).score == 0.5
    assert publicly(up).entries == 3


def test_of_equal_scores_the_earlier_counts_whichever_was_recorded_first() -> None:
    team = new_team(CompetitionFactory())
    enter(team, 0.9, START + timedelta(hours=1))
    earlier = enter(team, 0.9, START)
    enter(team, 0.9, START + timedelta(hours=2))
    standing = publicly(team)
    assert standing.submission_id == earlier
    assert standing.last_at == START + timedelta(hours=2)


def test_ties_between_teams_go_to_the_earlier() -> None:
    competition = CompetitionFactory()
    late, early = new_team(competition, "late"), new_team(competition, "early")
    enter(late, 0.9, START + timedelta(hours=1))
    enter(early, 0.9, START)
    assert [name for _, name, _ in shown(competition)] == [early.name, late.name]


def test_a_score_that_is_recorded_anew_takes_the_place_of_the_old_one() -> None:
    team = new_team(CompetitionFactory())
    first = enter(team, 0.9)
    enter(team, 0.8)
    enter(team, 0.1, submission_id=first)
    assert publicly(team).score == 0.8
    assert publicly(team).entries == 2


@settings(
    deadline=None, max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    entries=st.lists(
        st.tuples(st.integers(0, 5), st.sampled_from([0.1, 0.2, 0.3]), st.integers(0, 4)),
        max_size=12,
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
        enter(teams[which], score, at)
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


def test_without_a_selection_the_best_public_ones_count_privately() -> None:
    team = new_team(CompetitionFactory())
    enter(team, 0.9, private=0.5)
    enter(team, 0.8, private=0.6)
    enter(team, 0.7, private=0.99)  # the third is none of the two that count
    assert privately(team).score == 0.6


def test_what_is_selected_counts_alone() -> None:
    team = new_team(CompetitionFactory())
    enter(team, 0.9, private=0.5)
    modest = enter(team, 0.1, private=0.4)
    entries_select(submission_id=modest, is_selected=True, rules=RULES)
    assert privately(team).score == 0.4
    assert publicly(team).score == 0.9
    entries_select(submission_id=modest, is_selected=False, rules=RULES)
    assert privately(team).score == 0.5


def test_late_ones_never_rank() -> None:
    competition = CompetitionFactory()
    team, latecomer = new_team(competition), new_team(competition)
    enter(team, 0.9)
    enter(team, 0.99, is_late=True)
    enter(latecomer, 1.0, is_late=True)
    assert [(rank, score) for rank, _, score in shown(competition)] == [(1, 0.9)]
    assert publicly(team).entries == 1
    assert not Entry.objects.filter(is_late=True, led=True).exists()
    assert not Entry.objects.filter(is_late=True, improved=True).exists()


def test_of_a_disqualified_submission_the_next_best_counts() -> None:
    team = new_team(CompetitionFactory())
    enter(team, 0.8)
    best = enter(team, 0.9, private=0.95)
    entries_disqualify(submission_id=best, is_disqualified=True, rules=RULES)
    assert publicly(team).score == privately(team).score == 0.8
    entries_disqualify(submission_id=best, is_disqualified=False, rules=RULES)
    assert (publicly(team).score, privately(team).score) == (0.9, 0.95)


def test_a_disqualified_team_leaves_and_returns() -> None:
    competition = CompetitionFactory()
    team, other = new_team(competition), new_team(competition)
    enter(team, 0.9)
    enter(other, 0.8)
    Team.objects.filter(pk=team.pk).update(disqualified_at=timezone.now())
    team_refresh(team=team, rules=RULES)
    assert [name for _, name, _ in shown(competition)] == [other.name]
    enter(team, 0.95)
    assert [name for _, name, _ in shown(competition)] == [other.name]
    Team.objects.filter(pk=team.pk).update(disqualified_at=None)
    team_refresh(team=team, rules=RULES)
    assert [(rank, name) for rank, name, _ in shown(competition)] == [
        (1, team.name),
        (2, other.name),
    ]
    assert publicly(team).score == 0.95


def test_a_lower_division_s_model_stands_in_the_wider_ones_where_the_rules_say_so() -> None:
    competition = CompetitionFactory()
    small, large = new_team(competition), new_team(competition)
    wider = replace(RULES, wider_divisions=True)
    enter(small, 0.9, rules=wider)
    enter(large, 0.8, division="micro", rules=wider)
    rows = Standing.objects.filter(board__split="public").order_by(
        "board__division__position", "place"
    )
    assert [(row.board.division.slug, row.team_id, row.division.slug) for row in rows] == [
        ("nano", small.pk, "nano"),
        ("micro", small.pk, "nano"),
        ("micro", large.pk, "micro"),
    ]


def test_what_led_and_what_improved_is_marked() -> None:
    competition = CompetitionFactory()
    team, other = new_team(competition), new_team(competition)
    first = enter(team, 0.5)
    enter(team, 0.4, START + timedelta(hours=1))
    second = enter(other, 0.7, START + timedelta(hours=2))
    third = enter(team, 0.6, START + timedelta(hours=3))
    fourth = enter(team, 0.8, START + timedelta(hours=4))
    public = Entry.objects.filter(board__split="public").order_by("achieved_at")
    assert list(public.filter(led=True).values_list("submission_id", flat=True)) == [
        first,
        second,
        fourth,
    ]
    assert list(public.filter(improved=True).values_list("submission_id", flat=True)) == [
        first,
        second,
        third,
        fourth,
    ]
    entries_disqualify(submission_id=second, is_disqualified=True, rules=RULES)
    assert list(public.filter(led=True).values_list("submission_id", flat=True)) == [
        first,
        third,
        fourth,
    ]


def test_a_frozen_board_stands_still_and_catches_up_when_it_is_thawed() -> None:
    competition = CompetitionFactory()
    team, other = new_team(competition), new_team(competition)
    first = enter(team, 0.5)
    boards = Board.objects.filter(competition=competition)
    boards_freeze(boards=boards, at=timezone.now())
    enter(team, 0.9)
    enter(other, 0.7)
    entries_disqualify(submission_id=first, is_disqualified=True, rules=RULES)
    assert shown(competition) == [(1, team.name, 0.5)]
    boards_thaw(boards=boards, rules=RULES)
    assert shown(competition) == [(1, team.name, 0.9), (2, other.name, 0.7)]
    leads = Entry.objects.filter(board__split="public", led=True)
    assert [entry.score for entry in leads] == [0.9]


@pytest.mark.django_db(transaction=True)
def test_scores_that_come_at_once_leave_the_best() -> None:
    team = new_team(CompetitionFactory())

    def try_one(number: int) -> None:
        try:
            enter(team, number / 10, private=-number / 10)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(try_one, range(8)))
    assert (publicly(team).score, publicly(team).entries) == (0.7, 8)
    # the two best publicly, of which the better privately
    assert privately(team).score == -0.6
