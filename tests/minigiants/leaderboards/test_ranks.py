"""Ranks are noted when a day begins, once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from minigiants.leaderboards.board_pages import BoardQuery, boards_page
from minigiants.leaderboards.models import Board, EarlierRank
from minigiants.leaderboards.ranks import ranks_note
from tests.minigiants.leaderboards.entering import enter, new_team
from tests.support.factories import CompetitionFactory

pytestmark = pytest.mark.django_db


def test_ranks_are_noted_once_a_day_and_changes_told_against_them() -> None:
    competition = CompetitionFactory()
    first, second = new_team(competition), new_team(competition)
    enter(first, 0.9)
    enter(second, 0.8)
    assert ranks_note() == 2  # public and private
    assert ranks_note() == 0
    enter(second, 0.95)
    enter(new_team(competition), 0.1)
    query = BoardQuery(division="nano")
    _, (page,) = boards_page(competition=competition, query=query, viewer=None)
    assert [row.climbed for row in page.rows] == [1, -1, None]
    Board.objects.update(ranks_noted_on=timezone.now().date() - timedelta(days=1))
    assert ranks_note() == 2
    public = EarlierRank.objects.filter(board__split="public").order_by("rank")
    assert [(row.rank, row.team_id) for row in public[:2]] == [(1, second.pk), (2, first.pk)]
