"""Boards and their stored standings."""

from typing import ClassVar

from django.db import models

from minigiants.competitions.models import Competition, Division, Phase
from minigiants.core.models import Entity
from minigiants.teams.models import Team


class Board(Entity):
    """A leaderboard: one for each phase, division and split."""

    class Split(models.TextChoices):
        PUBLIC = "public", "Public"
        PRIVATE = "private", "Private"

    competition = models.ForeignKey(Competition, on_delete=models.CASCADE, related_name="boards")
    phase = models.ForeignKey(Phase, on_delete=models.CASCADE, related_name="boards")
    division = models.ForeignKey(Division, on_delete=models.CASCADE, related_name="boards")
    split = models.CharField(max_length=8, choices=Split.choices)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["phase", "division", "split"], name="board_once")
        ]

    def __str__(self) -> str:
        return f"{self.competition_id}/{self.division_id}/{self.split}"


class Standing(models.Model):
    """A team's row on a board: its best submission there, copied so that a page is one read.

    `ranking_key` is the score turned so that smaller is better, whatever the metric's direction.
    Ties go to the earlier `achieved_at`, then to the smaller id.
    """

    id = models.BigAutoField(primary_key=True)
    board = models.ForeignKey(Board, on_delete=models.CASCADE, related_name="standings")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="standings")
    submission_id = models.UUIDField(help_text="submissions.Submission, an app further up")
    score = models.FloatField()
    ranking_key = models.FloatField()
    achieved_at = models.DateTimeField(help_text="When the best submission was handed in")
    format = models.CharField(max_length=32)
    parameters = models.BigIntegerField()
    tensor_bits = models.BigIntegerField()
    artifact_bytes = models.BigIntegerField()
    latency_seconds = models.FloatField(null=True, blank=True)
    entries = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["board", "team"], name="standing_once")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["board", "ranking_key", "achieved_at", "id"], name="standing_order"
            )
        ]

    def __str__(self) -> str:
        return f"{self.team_id}: {self.score}"
