"""Pages of boards."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest

from minigiants.competitions.models import Competition
from minigiants.core.problems import InvalidInput, NotFound
from minigiants.leaderboards.board_pages import BoardPage, BoardQuery, boards_page
from minigiants.leaderboards.cursors import Cursor
from minigiants.leaderboards.models import Board, EarlierRank
from minigiants.leaderboards.services import boards_make
from minigiants.teams.models import Team
from tests.minigiants.leaderboards.entering import START, enter, new_team
from tests.support.factories import CompetitionFactory

pytestmark = pytest.mark.django_db

Counted = Callable[[int], AbstractContextManager[Any]]


def page(competition: Competition, **query: Any) -> BoardPage:
    _, pages = boards_page(
        competition=competition, query=BoardQuery(**{"division": "nano", **query}), viewer=None
    )
    return pages[0]


@pytest.fixture
def competition() -> Competition:
    """Twenty teams, the first with the best score; the later the leaner and the quicker."""
    found: Competition = CompetitionFactory()
    for number in range(20):
        team = Team.objects.create(competition=found, name=f"Team {number:02}")
        enter(
            team,
            0.9 - number / 100,
            START + timedelta(minutes=number),
            parameters=900 - 10 * (number // 2),
            artifact_bytes=5000 - number,
            latency_seconds=None if number == 3 else 0.001 * (40 - number),
        )
    found.refresh_from_db()
    return found


def names(found: BoardPage) -> list[tuple[int, str]]:
    return [(row.rank, row.team) for row in found.rows]


def numbered(*numbers: int) -> list[tuple[int, str]]:
    return [(number + 1, f"Team {number:02}") for number in numbers]


def test_a_page_begins_at_its_offset(competition: Competition) -> None:
    assert names(page(competition, offset=10, limit=3)) == numbered(10, 11, 12)
    assert names(page(competition, offset=19, limit=3)) == numbered(19)
    assert page(competition, offset=20).rows == []
    assert page(competition).teams == 20


def test_a_page_after_another_goes_on_from_its_last_row(competition: Competition) -> None:
    first = page(competition, offset=10, limit=3)
    # Somebody climbs past all meanwhile: the next page still goes on after the last row.
    enter(Team.objects.get(name="Team 18"), 1.0)
    following = page(competition, cursor=first.next_cursor, limit=2)
    assert names(following) == [(15, "Team 13"), (16, "Team 14")]


def test_around_a_team(competition: Competition) -> None:
    team = Team.objects.get(name="Team 15")
    assert names(page(competition, around=team.pk, limit=5)) == numbered(13, 14, 15, 16, 17)
    first = Team.objects.get(name="Team 00")
    assert names(page(competition, around=first.pk, limit=3)) == numbered(0, 1, 2)
    assert names(page(competition, around=new_team(competition).pk, limit=2)) == numbered(0, 1)


def test_teams_are_found_by_the_beginning_of_their_names(competition: Competition) -> None:
    assert names(page(competition, team="TEAM 1", limit=3)) == numbered(10, 11, 12)
    following = page(competition, team="team 1", limit=3)
    assert names(page(competition, team="team 1", limit=2, cursor=following.next_cursor)) == (
        numbered(13, 14)
    )
    assert page(competition, team="eam").rows == []
    assert page(competition, team="%").rows == []
    enter(new_team(CompetitionFactory(), "Team 1"), 0.9)
    assert len(page(competition, team="Team 1").rows) == 10


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("parameters", [18, 19, 16, 17, 14]),
        ("size", [19, 18, 17, 16, 15]),
        ("latency", [19, 18, 17, 16, 15]),
        ("last", [19, 18, 17, 16, 15]),
    ],
)
@pytest.mark.parametrize("limit", [2, 7])
def test_other_orders_keep_the_ranks(
    competition: Competition, sort: str, order: list[int], limit: int
) -> None:
    found, cursor = [], None
    while True:
        one = page(competition, sort=sort, limit=limit, cursor=cursor)
        found += names(one)
        cursor = one.next_cursor
        if cursor is None:
            break
    assert found[:5] == numbered(*order)
    assert sorted(found) == numbered(*range(20))
    assert sort != "latency" or found[-1] == (4, "Team 03")  # nobody knows how fast it is


def test_who_has_fewer_parameters_than_all_above_is_on_the_front(
    competition: Competition,
) -> None:
    rows = page(competition).rows
    assert [number for number, row in enumerate(rows) if row.on_front] == list(range(0, 20, 2))


def test_changes_are_told_against_the_beginning_of_the_day(competition: Competition) -> None:
    board = Board.objects.get(split="public", division__slug="nano")
    for number, rank in ((0, 4), (1, 1)):
        team = Team.objects.get(name=f"Team {number:02}")
        EarlierRank.objects.create(board=board, team=team, rank=rank)
    rows = page(competition, limit=3).rows
    assert [row.climbed for row in rows] == [3, -1, None]


def test_all_divisions_stand_one_below_the_other(competition: Competition) -> None:
    enter(Team.objects.get(name="Team 07"), 0.99, division="micro")
    _, pages = boards_page(competition=competition, query=BoardQuery(limit=1), viewer=None)
    assert [(found.division.slug, found.teams, names(found)) for found in pages] == [
        ("nano", 20, numbered(0)),
        ("micro", 1, [(1, "Team 07")]),
    ]


def test_a_board_that_nobody_is_on_is_empty() -> None:
    _, pages = boards_page(competition=CompetitionFactory(), query=BoardQuery(), viewer=None)
    assert [(found.division.slug, list(found.rows), found.teams) for found in pages] == [
        ("nano", [], 0),
        ("micro", [], 0),
    ]


@pytest.mark.parametrize("cursor", ["x", "e30=", Cursor("size", 3, bytes(32)).encode()[:-1]])
def test_a_made_up_cursor_is_refused(cursor: str) -> None:
    competition = CompetitionFactory()
    boards_make(phase=competition.phases.get(), divisions=competition.divisions.all())
    with pytest.raises(InvalidInput):
        page(competition, cursor=cursor, sort="size")


def test_a_cursor_of_another_order_is_refused(competition: Competition) -> None:
    by_size = page(competition, sort="size", limit=2).next_cursor
    with pytest.raises(InvalidInput):
        page(competition, cursor=by_size)


@pytest.mark.parametrize(
    "query",
    [
        {"division": None, "cursor": "x"},
        {"division": None, "offset": 3},
        {"sort": "colour"},
        {"sort": "size", "offset": 3},
        {"team": "a", "offset": 3},
    ],
)
def test_wishes_that_exclude_each_other_are_refused(query: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        page(CompetitionFactory(), **query)


def test_unknown_phases_and_divisions_do_not_exist() -> None:
    competition = CompetitionFactory()
    with pytest.raises(NotFound):
        page(competition, phase="nope")
    with pytest.raises(NotFound):
        page(competition, division="nope")


@pytest.mark.parametrize("limit", [1, 20])
def test_a_page_takes_a_fixed_number_of_queries(
    competition: Competition, limit: int, django_assert_num_queries: Counted
) -> None:
    assert competition.current_version
    with django_assert_num_queries(6):  # phases, divisions, boards, rows, earlier, certainties
        page(competition, limit=limit)
    with django_assert_num_queries(6):
        page(competition, limit=limit, sort="size", team="Team")
