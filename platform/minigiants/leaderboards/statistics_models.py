"""What boards are compared by, and what was computed of it: intervals, tie bands, records."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from minigiants.core.blob_digests import BlobDigestField


class BoardStatistics(models.Model):
    """How far the statistics of a board have come.

    `changes` counts what has happened to the board, `computed` is the count that the stored
    figures speak of. They are due while it lies behind.
    """

    board = models.OneToOneField(
        "leaderboards.Board",
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="statistics",
    )
    changes = models.PositiveBigIntegerField(default=0)
    computed = models.PositiveBigIntegerField(default=0)
    asked_at = models.DateTimeField(
        null=True, blank=True, help_text="When a worker was last asked to compute them"
    )
    computed_at = models.DateTimeField(null=True, blank=True)
    interval_method = models.CharField(max_length=32, blank=True, default="")
    test_method = models.CharField(max_length=32, blank=True, default="")
    examples = models.PositiveIntegerField(null=True, blank=True)
    resamples = models.PositiveIntegerField(null=True, blank=True)
    seed = models.PositiveBigIntegerField(null=True, blank=True)
    test_set = models.CharField(
        max_length=64, blank=True, db_default="", help_text="What the figures were computed on"
    )

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["asked_at"],
                name="statistics_due",
                condition=models.Q(changes__gt=models.F("computed")),
            )
        ]

    def __str__(self) -> str:
        return f"{self.board_id}: {self.computed} of {self.changes}"


class StandingStatistics(models.Model):
    """What noise allows to be said of one standing: of the submission that it names, and no other.

    Differences are in the metric's unit, positive where the team is worse; p-values are adjusted
    for all pairs that are compared. Of a standing beyond those there is the interval alone.
    """

    id = models.BigAutoField(primary_key=True)
    board = models.ForeignKey(
        "leaderboards.Board", on_delete=models.CASCADE, related_name="standing_statistics"
    )
    submission_id = models.UUIDField(help_text="submissions.Submission, an app further up")
    low = models.FloatField(help_text="Of the 95 % interval of the score")
    high = models.FloatField(help_text="Of the 95 % interval of the score")
    band = models.PositiveIntegerField(null=True, blank=True, help_text="The tie band, from 1")
    lowest_rank = models.PositiveIntegerField(
        null=True, blank=True, help_text="The best rank that no test excludes"
    )
    highest_rank = models.PositiveIntegerField(
        null=True, blank=True, help_text="The worst rank that no test excludes"
    )
    behind_leader = models.FloatField(null=True, blank=True)
    leader_p_value = models.FloatField(null=True, blank=True)
    behind_next = models.FloatField(null=True, blank=True)
    next_p_value = models.FloatField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["board", "submission_id"], name="standing_statistics_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.submission_id}: {self.low} … {self.high}, band {self.band}"


class Evidence(models.Model):
    """What a scored submission left to be compared by.

    Two can be compared that were scored against the same test set. Under the Ladder, what is not
    released is shown nowhere and compared with nothing.
    """

    id = models.BigAutoField(primary_key=True)
    submission_id = models.UUIDField(
        unique=True, help_text="submissions.Submission, an app further up"
    )
    team = models.ForeignKey("teams.Team", on_delete=models.CASCADE, related_name="evidence")
    phase = models.ForeignKey("competitions.Phase", on_delete=models.CASCADE, related_name="+")
    division = models.ForeignKey(
        "competitions.Division", on_delete=models.CASCADE, related_name="evidence"
    )
    test_set = models.CharField(max_length=64, help_text="The digest of the labels")
    losses_digest = BlobDigestField(
        max_length=64, blank=True, help_text="Empty where the metric returned a number alone"
    )
    score = models.FloatField(help_text="On the public split, as released")
    is_released = models.BooleanField(default=True)
    is_late = models.BooleanField(default=False, help_text="After the close: challenges no record")
    achieved_at = models.DateTimeField(help_text="When the submission was handed in")
    compared_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["division", "id"],
                name="evidence_waiting",
                condition=models.Q(compared_at__isnull=True),
            ),
            models.Index(
                fields=["team", "phase", "division", "-id"],
                name="evidence_released",
                condition=models.Q(is_released=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.submission_id}: {self.score}"


class BestComparison(models.Model):
    """A submission against the best that its team had before it, in pairs.

    `difference` is in the metric's unit, positive where the submission is worse.
    """

    evidence = models.OneToOneField(
        Evidence, on_delete=models.CASCADE, primary_key=True, related_name="best_comparison"
    )
    best_submission_id = models.UUIDField()
    difference = models.FloatField()
    low = models.FloatField()
    high = models.FloatField()
    p_value = models.FloatField()
    method = models.CharField(max_length=32)
    examples = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.evidence_id}: {self.difference}"


class Challenge(models.Model):
    """A submission's attempt at a division's record, with what it spent: rows are only added.

    Challengers of a division on one test set are numbered in the order in which they were scored.
    The first opens the record without a test. `difference` is in the metric's unit, negative where
    the challenger is better.
    """

    evidence = models.OneToOneField(
        Evidence, on_delete=models.CASCADE, primary_key=True, related_name="challenge"
    )
    division = models.ForeignKey(
        "competitions.Division", on_delete=models.CASCADE, related_name="challenges"
    )
    test_set = models.CharField(max_length=64)
    number = models.PositiveIntegerField(help_text="From 0, which opens the record")
    is_record = models.BooleanField()
    record = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="challengers",
        help_text="The record that stood",
    )
    level = models.FloatField(help_text="The pack's: of any false record in the division")
    alpha = models.FloatField(help_text="What this challenger spent of it")
    difference = models.FloatField(null=True, blank=True)
    p_value = models.FloatField(null=True, blank=True, help_text="One-sided")
    method = models.CharField(max_length=32, blank=True, default="")
    examples = models.PositiveIntegerField(null=True, blank=True)
    resamples = models.PositiveIntegerField(null=True, blank=True)
    seed = models.PositiveBigIntegerField(null=True, blank=True)
    tested_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["division", "test_set", "number"], name="challenge_number"
            )
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["division", "test_set", "-number"],
                name="challenge_record",
                condition=models.Q(is_record=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.division_id} #{self.number}"
