"""A board with as many teams as wanted, loaded with COPY, and what is done to it.

Imported once Django is set up.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.test import Client
from django.utils import timezone

from minigiants.competitions.models import Competition
from minigiants.core.identifiers import uuid7
from minigiants.leaderboards.board_pages import BoardQuery, boards_page
from minigiants.leaderboards.models import Board
from minigiants.leaderboards.places import place_of
from minigiants.leaderboards.selectors import rank_of
from minigiants.leaderboards.services import (
    BoardRules,
    Measured,
    ScoredSubmission,
    boards_make,
    entry_record,
)
from minigiants.teams.models import Team
from tests.support.factories import CompetitionFactory

START = datetime(2026, 1, 1, tzinfo=UTC)
RULES = BoardRules(higher_is_better=True, final_selections=2, wider_divisions=False)
COPIED = (
    "submission_id, division_id, score, ranking_key, place, achieved_at, format, parameters, "
    "tensor_bits, artifact_bytes, latency_seconds"
)


@dataclass
class FilledBoard:
    """A competition whose tightest division has `size` teams."""

    competition: Competition
    board: Board
    size: int
    teams: list[Any]

    def acts(self) -> Mapping[str, Callable[[], object]]:
        """What readers and scores do."""
        return {
            "first page": lambda: self._page(offset=0),
            "deep page": lambda: self._page(offset=int(self.size * random.uniform(0.5, 0.95))),
            "my rank": self._rank,
            "update": self._update,
        }

    def obvious_acts(self) -> Mapping[str, Callable[[], object]]:
        """The same reading without standings: all submissions are added up for each request."""
        return {
            "obvious first page": lambda: self._added_up(offset=0),
            "obvious deep page": lambda: self._added_up(offset=int(self.size * 0.7)),
            "obvious my rank": self._counted_rank,
        }

    def page(self) -> None:
        """The leaderboard page, through Django."""
        address = f"/competitions/{self.competition.slug}/leaderboard/?division=nano"
        answer = Client().get(address)
        if answer.status_code != 200:
            raise RuntimeError(f"The page answers {answer.status_code}.")

    def _page(self, *, offset: int) -> None:
        query = BoardQuery(division="nano", offset=offset)
        _, (page,) = boards_page(competition=self.competition, query=query, viewer=None)
        if len(page.rows) < min(50, self.size - offset):
            raise RuntimeError("rows are missing")

    def _rank(self) -> None:
        rank = rank_of(
            phase=self.board.phase,
            division=self.board.division,
            team_id=random.choice(self.teams),
        )
        if rank is None:
            raise RuntimeError("the team has no rank")

    def _update(self) -> None:
        # Each update moves a team to the place of a score that it had not reached before.
        entry_record(
            scored=ScoredSubmission(
                submission_id=uuid7(),
                team=Team(pk=random.choice(self.teams), competition=self.competition),
                phase=self.board.phase,
                division=self.board.division,
                public=random.uniform(0.95, 1.0),
                private=random.uniform(0.0, 1.0),
                achieved_at=timezone.now(),
                measured=Measured(
                    format="onnx", parameters=500, tensor_bits=16_000, artifact_bytes=3000
                ),
            ),
            rules=RULES,
        )

    def _added_up(self, *, offset: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT team.name, best.ranking_key FROM (
                    SELECT DISTINCT ON (team_id) team_id, ranking_key, achieved_at
                    FROM leaderboards_entry WHERE board_id = %s
                    ORDER BY team_id, ranking_key, achieved_at
                ) best JOIN teams_team team ON team.id = best.team_id
                ORDER BY best.ranking_key, best.achieved_at LIMIT 50 OFFSET %s
                """,
                [self.board.pk, offset],
            )
            cursor.fetchall()

    def _counted_rank(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                """
                WITH best AS (
                    SELECT team_id, min(ranking_key) AS ranking_key
                    FROM leaderboards_entry WHERE board_id = %s GROUP BY team_id
                )
                SELECT count(*) + 1 FROM best
                WHERE ranking_key < (SELECT ranking_key FROM best WHERE team_id = %s)
                """,
                [self.board.pk, random.choice(self.teams)],
            )
            cursor.fetchall()


def filled_board(size: int, *, entries: int) -> FilledBoard:
    """A new competition with `size` teams that have `entries` scored submissions each."""
    competition = CompetitionFactory(slug=f"board-{size}")
    boards_make(phase=competition.phases.get(), divisions=competition.divisions.all())
    public, private = (
        Board.objects.select_related("phase__competition", "division").get(
            phase__competition=competition, division__slug="nano", split=split
        )
        for split in ("public", "private")
    )
    teams = [uuid7() for _ in range(size)]
    made = random.Random(size)
    with connection.cursor() as cursor:
        with cursor.copy(
            "COPY teams_team (id, created_at, competition_id, name, is_baseline, "
            "disqualified_for) FROM STDIN"
        ) as copy:
            for number, team in enumerate(teams):
                copy.write_row((team, START, competition.pk, f"Team {number:06}", False, ""))
        cursor.execute("ALTER TABLE leaderboards_standing DISABLE TRIGGER board_standing_changed")
        best = []
        with cursor.copy(
            f"COPY leaderboards_entry (board_id, team_id, public_place, is_late, is_selected, "
            f"is_disqualified, improved, led, changed_at, {COPIED}) FROM STDIN"
        ) as copy:
            for team in teams:
                found = sorted(_scored(public, made, entries), key=lambda row: row[4])
                for number, row in enumerate(found):
                    flags = (False, False, False, number == 0, False)
                    copy.write_row((public.pk, team, row[4], *flags, START, *row))
                best.append((team, found[0]))
        for board in (public, private):
            with cursor.copy(
                f"COPY leaderboards_standing (board_id, team_id, entries, last_at, updated_at, "
                f"{COPIED}) FROM STDIN"
            ) as copy:
                for team, row in best:
                    copy.write_row((board.pk, team, entries, START, START, *row))
            cursor.execute("SELECT board_rebuild(%s)", [board.pk])
        cursor.execute("ALTER TABLE leaderboards_standing ENABLE TRIGGER board_standing_changed")
        cursor.execute("ANALYZE")
    return FilledBoard(competition, public, size, teams)


def _scored(board: Board, made: random.Random, count: int) -> Iterator[tuple[Any, ...]]:
    parameters = made.randint(50, 1000)
    for _ in range(count):
        submission, score = uuid7(), made.uniform(0.1, 0.95)
        at = START + timedelta(seconds=made.randrange(10**6))
        place = place_of(ranking_key=-score, achieved_at=at, submission_id=submission)
        yield (
            *(submission, board.division_id, score, -score, place, at, "onnx"),
            *(parameters, 32 * parameters, 4 * parameters + 400, 0.001),
        )
