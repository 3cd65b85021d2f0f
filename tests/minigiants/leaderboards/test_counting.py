"""The counted buckets: whatever happens to a board, they count what a full sort counts."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random
from uuid import UUID

import pytest
import redis
from django.db import connection, connections, transaction
from django.db.models import F, Min, Sum, Value
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minigiants.core.identifiers import uuid7
from minigiants.leaderboards.database import FirstWithin, PlaceAt, StandingsBefore
from minigiants.leaderboards.models import Board, Bucket, Standing
from minigiants.leaderboards.places import PLACE_BYTES, place_of
from minigiants.leaderboards.selectors import PAST_THE_END
from minigiants.leaderboards.services import boards_make
from minigiants.teams.models import Team
from tests.minigiants.leaderboards.entering import START, enter
from tests.support.factories import CompetitionFactory
from tests.support.servers import ADMIN_URL

pytestmark = pytest.mark.django_db


def new_board() -> Board:
    competition = CompetitionFactory()
    boards_make(phase=competition.phases.get(), divisions=competition.divisions.all())
    return Board.objects.get(
        phase__competition=competition, division__slug="nano", split=Board.Split.PUBLIC
    )


def new_teams(board: Board, count: int) -> list[Team]:
    return Team.objects.bulk_create(
        Team(competition=board.competition, name=f"team {number}") for number in range(count)
    )


def narrow(fanout: int) -> None:
    """Let buckets be small, so that few standings make a deep tree. Undone with the transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE OR REPLACE FUNCTION board_fanout() RETURNS integer LANGUAGE sql IMMUTABLE "
            f"AS 'SELECT {fanout}'"
        )


def standing_of(board: Board, team: Team, key: float, parameters: int = 650) -> Standing:
    submission_id = uuid7()
    return Standing(
        board=board,
        team=team,
        division_id=board.division_id,
        submission_id=submission_id,
        score=-key,
        ranking_key=key,
        place=place_of(ranking_key=key, achieved_at=START, submission_id=submission_id),
        achieved_at=START,
        last_at=START,
        format="onnx",
        parameters=parameters,
        tensor_bits=32 * parameters,
        artifact_bytes=4 * parameters,
    )


def agrees_with_a_full_sort(board: Board) -> None:
    rows = sorted((bytes(row.place), row.parameters) for row in board.standings.all())
    places = [place for place, _ in rows]
    counted = {
        bytes(place): before
        for place, before in board.standings.annotate(
            before=StandingsBefore(F("board_id"), F("place"))
        ).values_list("place", "before")
    }
    assert counted == {place: number for number, place in enumerate(places)}
    reading = Board.objects.filter(pk=board.pk)
    total = reading.values_list(StandingsBefore(F("pk"), Value(PAST_THE_END)), flat=True).get()
    assert total == len(places)
    for offset in {0, len(places) // 2, len(places) - 1, len(places)} - {-1}:
        at = reading.values_list(PlaceAt(F("pk"), Value(offset)), flat=True).get()
        assert (None if at is None else bytes(at)) == (
            places[offset] if offset < len(places) else None
        )
    for limit in {parameters for _, parameters in rows} | {0}:
        first = reading.values_list(FirstWithin(F("pk"), Value(limit)), flat=True).get()
        wanted = next((place for place, parameters in rows if parameters <= limit), None)
        assert (None if first is None else bytes(first)) == wanted


def is_well_formed(board: Board, fanout: int) -> None:
    """Bounds of a level are bounds of the one below, counts are sums, no node is too full."""
    levels: dict[int, dict[bytes, Bucket]] = {}
    for bucket in board.buckets.all():
        levels.setdefault(bucket.level, {})[bytes(bucket.lower)] = bucket
    assert sorted(levels) == list(range(len(levels)))
    below: list[tuple[bytes, int, int | None]] = [
        (bytes(row.place), 1, row.parameters) for row in board.standings.all()
    ]
    for level in range(len(levels)):
        bounds = sorted(levels[level])
        assert bounds[0] == b""
        for bound, following in zip(bounds, [*bounds[1:], PAST_THE_END], strict=True):
            children = [child for child in below if bound <= child[0] < following]
            bucket = levels[level][bound]
            assert len(children) <= fanout
            assert bucket.standings == sum(count for _, count, _ in children)
            found = [least for _, _, least in children if least is not None]
            assert bucket.least_parameters == min(found, default=None)
        below = [
            (bound, bucket.standings, bucket.least_parameters)
            for bound, bucket in levels[level].items()
        ]
    assert len(below) <= fanout


@settings(
    deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    steps=st.lists(
        st.tuples(
            st.integers(0, 39),
            st.one_of(st.none(), st.sampled_from([0.5, -0.25]), st.floats(-1e9, 1e9)),
            st.integers(1, 6),
        ),
        max_size=60,
    ),
    fanout=st.sampled_from([4, 5, 8]),
)
def test_any_sequence_of_changes_leaves_counts_that_agree_with_a_full_sort(
    db: None, steps: list[tuple[int, float | None, int]], fanout: int
) -> None:
    """Standings that come, move and go (None), many of them equal, on narrow buckets."""
    with transaction.atomic():
        narrow(fanout)
        board = new_board()
        teams = new_teams(board, 40)
        for which, key, parameters in steps:
            mine = board.standings.filter(team=teams[which])
            if key is None:
                mine.delete()
                continue
            row = standing_of(board, teams[which], key, parameters)
            row.pk = mine.values_list("pk", flat=True).first()
            row.save()
        agrees_with_a_full_sort(board)
        is_well_formed(board, fanout)
        transaction.set_rollback(True)


def test_many_rows_in_one_statement_are_counted_too() -> None:
    narrow(4)
    board = new_board()
    Standing.objects.bulk_create(
        standing_of(board, team, float(number % 7), number)
        for number, team in enumerate(new_teams(board, 150))
    )
    agrees_with_a_full_sort(board)
    is_well_formed(board, 4)
    assert Bucket.objects.filter(board=board).order_by("-level")[0].level >= 3
    board.standings.filter(parameters__gte=20).delete()
    agrees_with_a_full_sort(board)
    is_well_formed(board, 4)


def test_buckets_that_empty_are_united() -> None:
    narrow(4)
    board = new_board()
    rows = [standing_of(board, team, float(n)) for n, team in enumerate(new_teams(board, 60))]
    for row in rows:
        row.save()
    full = board.buckets.filter(level=0).count()
    for row in rows[5:]:
        row.delete()
    assert board.buckets.filter(level=0).count() < full / 4
    agrees_with_a_full_sort(board)


def test_a_board_is_rebuilt_from_its_standings() -> None:
    narrow(4)
    board = new_board()
    for number, team in enumerate(new_teams(board, 40)):
        standing_of(board, team, float(number)).save()
    with connection.cursor() as cursor:
        Bucket.objects.filter(board=board).update(standings=17)
        cursor.execute("SELECT board_rebuild(%s)", [board.pk])
    agrees_with_a_full_sort(board)
    is_well_formed(board, 4)


@given(
    left=st.tuples(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 2**40)),
    right=st.tuples(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 2**40)),
)
def test_places_sort_as_scores_and_times_do(
    left: tuple[float, int], right: tuple[float, int]
) -> None:
    places = [
        place_of(
            ranking_key=key,
            achieved_at=START + timedelta(microseconds=at),
            submission_id=UUID(int=0),
        )
        for key, at in (left, right)
    ]
    assert all(len(place) == PLACE_BYTES and place < PAST_THE_END for place in places)
    assert (places[0] < places[1]) == (left < right)
    assert (places[0] == places[1]) == (left == right)


@pytest.mark.parametrize("key", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_has_no_place(key: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        place_of(ranking_key=key, achieved_at=START, submission_id=uuid7())


@pytest.fixture
def narrow_buckets(transactional_db: None) -> Iterator[None]:
    narrow(8)
    yield
    narrow(128)


@pytest.mark.django_db(transaction=True)
def test_ranks_are_exact_while_others_write_and_after_redis_was_emptied(
    narrow_buckets: None,
) -> None:
    """Writers that move teams up, down and off the board; a reader that counts in between."""
    board = new_board()
    teams = new_teams(board, 40)

    def write(seed: int) -> None:
        random = Random(seed)
        try:
            for _ in range(12):
                enter(random.choice(teams), random.choice([0.5, random.random()]))
        finally:
            connections.close_all()

    def read(_: int) -> None:
        try:
            for _ in range(12):
                rows = board.standings.annotate(
                    before=StandingsBefore(F("board_id"), F("place"))
                ).order_by("place")
                assert [row.before for row in rows] == list(range(len(rows)))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        writers = [pool.submit(write, seed) for seed in range(4)]
        readers = [pool.submit(read, number) for number in range(2)]
        for each in [*writers, *readers]:
            each.result()
    with redis.Redis.from_url(os.environ[ADMIN_URL]) as broker:
        broker.flushdb()
    agrees_with_a_full_sort(board)
    is_well_formed(board, 8)
    private = Board.objects.get(phase=board.phase, division=board.division, split="private")
    agrees_with_a_full_sort(private)
    best = board.entries.values("team").annotate(key=Min("ranking_key"))
    standings = board.standings.values("team").annotate(key=Sum("ranking_key"))
    assert sorted((row["team"], row["key"]) for row in best) == sorted(
        (row["team"], row["key"]) for row in standings
    )
