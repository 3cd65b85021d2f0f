"""Boards, what was entered on them, and the standings that follow from it.

Beside the standings of each board the database keeps counted buckets (`Bucket`), so that a rank, a
page deep in the board and a change cost O(log n). Triggers and functions in the database keep and
read them (migration 0002), so that no way of writing a standing can pass them by.
"""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Coalesce

from minigiants.competitions.models import Competition, Division, Phase
from minigiants.core.models import Entity
from minigiants.leaderboards.statistics_models import (
    BestComparison,
    BoardStatistics,
    Challenge,
    Evidence,
    StandingStatistics,
)
from minigiants.teams.models import Team

__all__ = [
    "BestComparison",
    "Board",
    "BoardStatistics",
    "Bucket",
    "Challenge",
    "EarlierRank",
    "Entry",
    "Evidence",
    "Ranked",
    "Standing",
    "StandingStatistics",
]


class Board(Entity):
    """A leaderboard: one for each phase, division and split.

    Whoever changes what stands on it holds a lock on this row, so that changes come one by one.
    """

    class Split(models.TextChoices):
        PUBLIC = "public", "Public"
        PRIVATE = "private", "Private"

    competition = models.ForeignKey(Competition, on_delete=models.CASCADE, related_name="boards")
    phase = models.ForeignKey(Phase, on_delete=models.CASCADE, related_name="boards")
    division = models.ForeignKey(Division, on_delete=models.CASCADE, related_name="boards")
    split = models.CharField(max_length=8, choices=Split.choices)
    frozen_at = models.DateTimeField(
        null=True, blank=True, help_text="Since when scores no longer move its standings"
    )
    revealed_at = models.DateTimeField(
        null=True, blank=True, help_text="When a host revealed it; of private boards"
    )
    ranks_noted_on = models.DateField(
        null=True, blank=True, help_text="The day whose first ranks `EarlierRank` holds"
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["phase", "division", "split"], name="board_once")
        ]

    def __str__(self) -> str:
        return f"{self.competition_id}/{self.division_id}/{self.split}"


class Ranked(models.Model):
    """A score on a board, with what orders it and what was measured of the model.

    `ranking_key` is the score turned so that smaller is better, whatever the metric's direction.
    `place` orders as the board does (`places.place_of`): by the key, then to the earlier.
    """

    id = models.BigAutoField(primary_key=True)
    submission_id = models.UUIDField(help_text="submissions.Submission, an app further up")
    division = models.ForeignKey(
        Division,
        on_delete=models.CASCADE,
        related_name="+",
        help_text="Whose budget the model fits: the board's own, or a tighter one",
    )
    score = models.FloatField()
    ranking_key = models.FloatField()
    place = models.BinaryField()
    achieved_at = models.DateTimeField(help_text="When the submission was handed in")
    format = models.CharField(max_length=32)
    parameters = models.BigIntegerField()
    tensor_bits = models.BigIntegerField()
    artifact_bytes = models.BigIntegerField()
    latency_seconds = models.FloatField(null=True, blank=True)
    peak_memory_bytes = models.BigIntegerField(null=True, blank=True)

    class Meta:
        abstract = True


class Entry(Ranked):
    """One scored submission on a board. A team's standing is the best of those that count.

    On a private board `public_place` is its place on the public one, by which a team that has
    selected nothing is represented.
    """

    board = models.ForeignKey(Board, on_delete=models.CASCADE, related_name="entries")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="entries")
    public_place = models.BinaryField()
    is_late = models.BooleanField(default=False, help_text="After the close: shown apart")
    is_selected = models.BooleanField(default=False, help_text="One of the final selections")
    is_disqualified = models.BooleanField(default=False)
    improved = models.BooleanField(default=False, help_text="Better than all before of the team")
    led = models.BooleanField(default=False, help_text="Stood first when it was entered")
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["submission_id", "board"], name="entry_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["board", "team", "place"], name="entry_of_team"),
            models.Index(
                fields=["board", "place"], name="entry_late", condition=models.Q(is_late=True)
            ),
            models.Index(
                fields=["board", "achieved_at"], name="entry_led", condition=models.Q(led=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.submission_id}: {self.score}"


class Standing(Ranked):
    """A team's row on a board: the entry that counts, copied so that a page is one read."""

    board = models.ForeignKey(Board, on_delete=models.CASCADE, related_name="standings")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="standings")
    entries = models.PositiveIntegerField(default=1)
    last_at = models.DateTimeField(help_text="When the team's latest entry was handed in")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["board", "team"], name="standing_once"),
            models.UniqueConstraint(fields=["board", "place"], name="standing_place"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["board", "parameters", "place"], name="standing_parameters"),
            models.Index(fields=["board", "artifact_bytes", "place"], name="standing_bytes"),
            models.Index(
                "board",
                Coalesce("latency_seconds", float("inf")),
                "place",
                name="standing_latency",
            ),
            models.Index(fields=["board", "last_at", "place"], name="standing_last"),
        ]

    def __str__(self) -> str:
        return f"{self.team_id}: {self.score}"


class Bucket(models.Model):
    """How many standings there are between `lower` and the next bucket of the same level.

    Buckets of level 0 hold standings, those above hold buckets of the level below; a bucket's
    bound is one of the level below too. Written by the database's own functions alone.
    """

    id = models.BigAutoField(primary_key=True)
    board = models.ForeignKey(Board, on_delete=models.CASCADE, related_name="buckets")
    level = models.PositiveSmallIntegerField()
    lower = models.BinaryField(help_text="The least place that it may hold; empty in the first")
    standings = models.IntegerField()
    least_parameters = models.BigIntegerField(null=True, help_text="Of the standings within")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["board", "level", "lower"], name="bucket_once")
        ]

    def __str__(self) -> str:
        return f"{self.board_id}/{self.level}: {self.standings}"


class EarlierRank(models.Model):
    """A team's rank when the day began (UTC), for the change that pages show."""

    id = models.BigAutoField(primary_key=True)
    board = models.ForeignKey(Board, on_delete=models.CASCADE, related_name="earlier_ranks")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    rank = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["board", "team"], name="earlier_rank_once")
        ]

    def __str__(self) -> str:
        return f"{self.team_id}: {self.rank}"
