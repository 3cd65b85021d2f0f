"""What teams hand in, and every run of it."""

from typing import ClassVar
from uuid import UUID

from django.conf import settings
from django.db import models
from django.utils import timezone

from evaluator.contract import Failure, Role, Stage
from minigiants.artifacts.models import Artifact, Inspection
from minigiants.competitions.models import Competition, Division, PackVersion, Phase
from minigiants.core.blob_digests import BlobDigestField
from minigiants.core.models import Entity
from minigiants.submissions.lifecycle import ACTIVE, Status
from minigiants.teams.models import Team

STATUS_CHOICES = Status.choices
FAILURE_CHOICES = [(failure.value, failure.value) for failure in Failure]


class Submission(Entity):
    """A team's artifact, handed in to a competition at a time, under a pack version."""

    competition = models.ForeignKey(
        Competition, on_delete=models.PROTECT, related_name="submissions"
    )
    pack_version = models.ForeignKey(PackVersion, on_delete=models.PROTECT, related_name="+")
    phase = models.ForeignKey(Phase, on_delete=models.PROTECT, related_name="submissions")
    division = models.ForeignKey(
        Division, null=True, blank=True, on_delete=models.PROTECT, related_name="submissions"
    )
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="submissions")
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="submissions"
    )
    artifact = models.ForeignKey(Artifact, on_delete=models.PROTECT, related_name="submissions")
    inspection = models.ForeignKey(Inspection, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveIntegerField(help_text="Counts the team's submissions from 1")
    message = models.CharField(max_length=200, blank=True, default="")
    status = models.CharField(
        max_length=16,
        choices=STATUS_CHOICES,
        help_text="That of its current evaluation, or rejected",
    )
    quota_charged = models.BooleanField(
        default=False, help_text="Counts against the day's and the phase's quota"
    )
    failure_charged = models.BooleanField(
        default=False, help_text="Counts against the day's failures"
    )
    public_score = models.FloatField(null=True, blank=True)
    is_late = models.BooleanField(default=False, help_text="After the close; never ranks")
    selected_at = models.DateTimeField(
        null=True, blank=True, help_text="When it was made a final selection"
    )
    disqualified_at = models.DateTimeField(null=True, blank=True)
    disqualified_for = models.CharField(max_length=500, blank=True, default="")
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["team", "number"], name="submission_number")
        ]
        indexes: ClassVar = [
            models.Index(fields=["team", "-id"], name="submission_team"),
            models.Index(fields=["competition", "-id"], name="submission_competition"),
        ]

    def __str__(self) -> str:
        return f"{self.team} #{self.number}"

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen to it by itself."""
        return Status(self.status) not in ACTIVE


class Rescore(Entity):
    """All scored submissions of a competition, scored again under another version of its pack.

    Its evaluations speak for their submissions once all of them are done: the boards change in
    one go, or not at all. `table` then holds each team's rank and score before and after.
    """

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        APPLIED = "applied", "Applied"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    competition = models.ForeignKey(Competition, on_delete=models.PROTECT, related_name="rescores")
    version = models.ForeignKey(PackVersion, on_delete=models.PROTECT, related_name="+")
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.CharField(max_length=500, help_text="Told to participants")
    state = models.CharField(max_length=16, choices=State.choices, default=State.RUNNING)
    detail = models.CharField(max_length=500, blank=True, default="", help_text="For hosts only")
    ended_at = models.DateTimeField(null=True, blank=True)
    table = models.JSONField(default=list, blank=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["competition"],
                name="one_running_rescore",
                condition=models.Q(state="running"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.competition} under {self.version}"


class Trial(Entity):
    """A version of a pack whose baselines are run before it serves.

    It serves once each of them scores as announced. Until then, and where one does not, what
    served before goes on.
    """

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        SERVED = "served", "Served"
        REFUSED = "refused", "Refused"
        FAILED = "failed", "Failed by a fault of the platform"
        OVERTAKEN = "overtaken", "Overtaken"
        CANCELLED = "cancelled", "Given up"

    competition = models.ForeignKey(Competition, on_delete=models.PROTECT, related_name="trials")
    version = models.ForeignKey(PackVersion, on_delete=models.PROTECT, related_name="trials")
    replaces = models.ForeignKey(
        PackVersion,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="What served when it began",
    )
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    state = models.CharField(max_length=16, choices=State.choices, default=State.RUNNING)
    detail = models.CharField(max_length=500, blank=True, default="")
    faults = models.JSONField(default=list, blank=True, help_text="PackFaults")
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["competition"],
                name="one_running_trial",
                condition=models.Q(state="running"),
            )
        ]

    def __str__(self) -> str:
        return f"trial of {self.version}"


class TrialRun(Entity):
    """A baseline in a trial. It has an evaluation unless `passed_over` says why it needs none."""

    class PassedOver(models.TextChoices):
        NO = "", "It is run"
        UNCHANGED = "unchanged", "Nothing that its score follows from has changed"
        NO_WORKER = "no_worker", "No worker here runs its format"

    trial = models.ForeignKey(Trial, on_delete=models.CASCADE, related_name="runs")
    position = models.PositiveSmallIntegerField(help_text="Among the baselines of the pack, from 0")
    format = models.CharField(max_length=32)
    division = models.CharField(max_length=32, help_text="The slug of the one that it enters")
    passed_over = models.CharField(
        max_length=16, blank=True, default="", choices=PassedOver.choices
    )

    class Meta:
        ordering: ClassVar = ["trial", "position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["trial", "position"], name="trial_run_once")
        ]

    def __str__(self) -> str:
        return f"{self.trial}: baseline {self.position}"


class Evaluation(Entity):
    """One run of a submission, or of a baseline in a trial: predicting in a sandbox, then scoring.

    The row is the queue's entry too. `dispatched_at` says that a message for the present attempt
    is on its way; `lease_expires_at` that a worker holds the attempt. An attempt that is made again
    after a fault of ours is not sent before `retry_at`.
    """

    submission = models.ForeignKey(
        Submission, null=True, blank=True, on_delete=models.CASCADE, related_name="evaluations"
    )
    trial_run = models.OneToOneField(
        TrialRun, null=True, blank=True, on_delete=models.CASCADE, related_name="evaluation"
    )
    rescore = models.ForeignKey(
        Rescore, null=True, blank=True, on_delete=models.PROTECT, related_name="evaluations"
    )
    pack_version = models.ForeignKey(
        PackVersion,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Under which it is scored, if not under the submission's own",
    )
    profile = models.CharField(max_length=64)
    status = models.CharField(max_length=16, choices=STATUS_CHOICES, default=Status.QUEUED)
    attempt = models.PositiveSmallIntegerField(default=1, help_text="Of the present stage, from 1")
    excused = models.PositiveSmallIntegerField(
        default=0, help_text="Attempts of the present stage that do not count"
    )
    retry_at = models.DateTimeField(null=True, blank=True)
    queued_at = models.DateTimeField(default=timezone.now)
    dispatched_at = models.DateTimeField(null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    worker = models.CharField(max_length=128, blank=True, default="")
    stage = models.CharField(
        max_length=16, blank=True, default="", choices=[(s.value, s.value) for s in Stage]
    )
    report_token_digest = models.CharField(max_length=64, blank=True, default="")
    finished_at = models.DateTimeField(null=True, blank=True)
    failure = models.CharField(max_length=32, blank=True, default="", choices=FAILURE_CHOICES)
    failed_stage = models.CharField(max_length=16, blank=True, default="")
    host_detail = models.TextField(blank=True, default="", help_text="For hosts only")
    participant_detail = models.CharField(
        max_length=500, blank=True, default="", help_text="What is wrong with a file of results"
    )
    host_log = models.TextField(blank=True, default="", help_text="For hosts only")
    smoke_log = models.TextField(blank=True, default="")
    predictions_digest = BlobDigestField(max_length=64, blank=True, default="")
    losses_digest = BlobDigestField(max_length=64, blank=True, default="")
    measurements = models.JSONField(default=dict, help_text="evaluator.contract.Measurements")

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(
                fields=["profile", "queued_at"],
                name="evaluation_queue",
                condition=models.Q(status="queued"),
            ),
            models.Index(
                fields=["lease_expires_at"],
                name="evaluation_lease",
                condition=models.Q(lease_expires_at__isnull=False),
            ),
            models.Index(
                fields=["queued_at"],
                name="evaluation_scoring",
                condition=models.Q(status="scoring"),
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["submission"],
                name="one_active_evaluation",
                condition=models.Q(status__in=["queued", "predicting", "scoring"]),
            ),
            models.CheckConstraint(
                condition=models.Q(submission__isnull=True) ^ models.Q(trial_run__isnull=True),
                name="of_a_submission_or_a_trial",
            ),
        ]

    def __str__(self) -> str:
        return f"evaluation of {self.subject_id}"

    @property
    def subject_id(self) -> UUID:
        """The identity of what it is a run of: a submission, or a baseline in a trial."""
        subject = self.submission_id or self.trial_run_id
        assert subject is not None  # noqa: S101  (a constraint of the table)
        return subject

    @property
    def handed_in(self) -> Submission:
        """The submission that it is a run of, where it can't be of a trial."""
        assert self.submission is not None  # noqa: S101  (a constraint of the table)
        return self.submission

    @property
    def follower(self) -> Submission | None:
        """The submission that stands where this stands.

        None for a run of a trial, which has none, and of a rescore, whose evaluations speak for
        their submissions when all of them are done.
        """
        return self.submission if self.rescore_id is None else None

    @property
    def version(self) -> PackVersion:
        """The pack version whose task, metric and labels it goes by."""
        return self.pack_version or self.handed_in.pack_version


class StateChange(models.Model):
    """One step of a submission, with its time and reason: what the page's stepper shows."""

    id = models.BigAutoField(primary_key=True)
    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="changes")
    evaluation = models.ForeignKey(
        Evaluation, null=True, blank=True, on_delete=models.CASCADE, related_name="changes"
    )
    status = models.CharField(max_length=16, choices=STATUS_CHOICES)
    code = models.CharField(max_length=64, blank=True, default="", help_text="Why, if not as hoped")
    reason = models.CharField(max_length=500, blank=True, default="")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"{self.submission_id} → {self.status}"


class Score(models.Model):
    """One metric of an evaluation on one split. Always a finite number."""

    id = models.BigAutoField(primary_key=True)
    evaluation = models.ForeignKey(Evaluation, on_delete=models.CASCADE, related_name="scores")
    metric = models.CharField(max_length=64)
    split = models.CharField(max_length=8)
    value = models.FloatField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["evaluation", "metric", "split"], name="score_once")
        ]

    def __str__(self) -> str:
        return f"{self.metric} ({self.split}) {self.value}"


class Turn(models.Model):
    """When a competition, or a team, was last served by a profile: the memory of round robin."""

    id = models.BigAutoField(primary_key=True)
    profile = models.CharField(max_length=64)
    subject = models.UUIDField(help_text="The id of a competition or of a team")
    served_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["profile", "subject"], name="turn_once")
        ]

    def __str__(self) -> str:
        return f"{self.profile}: {self.subject}"


class WorkerKey(models.Model):
    """A worker's credential, bound to its role and profile. Only its SHA-256 is stored."""

    id = models.BigAutoField(primary_key=True)
    role = models.CharField(max_length=16, choices=[(r.value, r.value) for r in Role])
    profile = models.CharField(max_length=64)
    name = models.CharField(max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.role}.{self.profile} ({self.name})"


class WorkerPresence(models.Model):
    """A worker that has lately said what it offers."""

    id = models.BigAutoField(primary_key=True)
    key = models.ForeignKey(WorkerKey, on_delete=models.CASCADE, related_name="presences")
    name = models.CharField(max_length=128)
    slots = models.PositiveSmallIntegerField()
    strength = models.CharField(max_length=16, blank=True, default="")
    formats = models.JSONField(default=list)
    cpus = models.FloatField(null=True, blank=True, help_text="Of the machine where models run")
    memory_bytes = models.BigIntegerField(
        null=True, blank=True, help_text="Of that machine; the slots share it"
    )
    gpu = models.CharField(max_length=64, blank=True, default="", help_text="Its kind")
    gpu_memory_bytes = models.BigIntegerField(null=True, blank=True)
    hindrance = models.TextField(blank=True, default="", help_text="Why no job can begin there")
    version = models.CharField(max_length=64, blank=True, default="")
    started_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key", "name"], name="presence_once")
        ]

    def __str__(self) -> str:
        return self.name
