"""A submission as the hosts of its competition may see it: on a page, through the API, as a text.

What the model wrote on hidden inputs and what a metric said of labels is for those hosts alone who
may read what is hidden.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from evaluator.contract import Split
from evaluator.inspection.judgement import Judgement
from minigiants.artifacts.selectors import judgement_of
from minigiants.submissions.models import Evaluation, Rescore, Submission
from minigiants.submissions.presentation import ShownChange, counts_of, shown_change
from minigiants.submissions.retries import OURS


@dataclass(frozen=True)
class HostedScore:
    """A metric on both splits; None where it is not known."""

    metric: str
    title: str
    decimals: int
    public: float | None
    private: float | None


@dataclass(frozen=True)
class HostedEvaluation:
    """A run with all that hosts may know of it. Times are UTC.

    `does_count` is False for one of a rescore that was not applied; it shows no scores then.
    `faults` are the platform's own: attempts that a worker broke, handed back, could not begin or
    never ended. `host_detail` and `host_log` may come from the hidden test set: they are None for
    hosts who may not read it.
    """

    id: UUID
    status: str
    stage: str
    profile: str
    worker: str
    version: int
    rescore: str
    does_count: bool
    attempt: int
    faults: tuple[ShownChange, ...]
    queued_at: datetime
    claimed_at: datetime | None
    finished_at: datetime | None
    failure: str
    failed_stage: str
    participant_detail: str
    host_detail: str | None
    host_log: str | None
    smoke_log: str
    measurements: Mapping[str, Any] | None
    scores: tuple[HostedScore, ...]


@dataclass(frozen=True)
class HostedSubmission:
    """A submission with each of its runs, the newest first. Times are UTC."""

    id: UUID
    number: int
    competition: str
    team_id: UUID
    team: str
    submitted_by: str
    message: str
    status: str
    is_late: bool
    is_selected: bool
    division: str | None
    phase: str
    version: int
    format: str
    artifact: UUID
    submitted_at: datetime
    updated_at: datetime
    quota_charged: bool
    failure_charged: bool
    public_score: float | None
    disqualified_at: datetime | None
    disqualified_for: str
    judgement: Judgement
    counts: Mapping[str, int] | None
    changes: tuple[ShownChange, ...]
    evaluations: tuple[HostedEvaluation, ...]
    url: str


def hosts_page(submission: Submission) -> str:
    """The address of the hosts' page of a submission."""
    slug = submission.competition.slug
    return f"{settings.BASE_URL}/competitions/{slug}/manage/submissions/{submission.pk}/"


def hosted_submission(submission: Submission, *, tells_hidden: bool) -> HostedSubmission:
    """Build the hosts' view of a submission as `hosted_submission_get` fetches it.

    `tells_hidden` where the host may `HostAction.RUN` the competition.
    """
    faults: dict[UUID | None, list[ShownChange]] = {}
    changes = []
    for change in submission.changes.all():
        shown = shown_change(change)
        changes.append(shown)
        if change.code in OURS:
            faults.setdefault(change.evaluation_id, []).append(shown)
    return HostedSubmission(
        id=submission.pk,
        number=submission.number,
        competition=submission.competition.slug,
        team_id=submission.team_id,
        team=submission.team.name,
        submitted_by=submission.submitted_by.username,
        message=submission.message,
        status=submission.status,
        is_late=submission.is_late,
        is_selected=submission.selected_at is not None,
        division=submission.division.slug if submission.division else None,
        phase=submission.phase.slug,
        version=submission.pack_version.number,
        format=submission.artifact.format,
        artifact=submission.artifact_id,
        submitted_at=submission.created_at,
        updated_at=submission.updated_at,
        quota_charged=submission.quota_charged,
        failure_charged=submission.failure_charged,
        public_score=submission.public_score,
        disqualified_at=submission.disqualified_at,
        disqualified_for=submission.disqualified_for,
        judgement=judgement_of(submission.inspection, submission.pack_version.spec),
        counts=counts_of(submission.inspection),
        changes=tuple(changes),
        evaluations=tuple(
            _hosted_evaluation(each, tuple(faults.get(each.pk, ())), tells_hidden=tells_hidden)
            for each in submission.evaluations.all()
        ),
        url=hosts_page(submission),
    )


def _hosted_evaluation(
    evaluation: Evaluation, faults: tuple[ShownChange, ...], *, tells_hidden: bool
) -> HostedEvaluation:
    rescore = evaluation.rescore
    does_count = rescore is None or rescore.state == Rescore.State.APPLIED
    return HostedEvaluation(
        id=evaluation.pk,
        status=evaluation.status,
        stage=evaluation.stage,
        profile=evaluation.profile,
        worker=evaluation.worker,
        version=evaluation.version.number,
        rescore=rescore.state if rescore else "",
        does_count=does_count,
        attempt=evaluation.attempt,
        faults=faults,
        queued_at=evaluation.queued_at,
        claimed_at=evaluation.claimed_at,
        finished_at=evaluation.finished_at,
        failure=evaluation.failure,
        failed_stage=evaluation.failed_stage,
        participant_detail=evaluation.participant_detail,
        host_detail=evaluation.host_detail if tells_hidden else None,
        host_log=evaluation.host_log if tells_hidden else None,
        smoke_log=evaluation.smoke_log,
        measurements=evaluation.measurements or None,
        scores=tuple(_scores(evaluation)) if does_count else (),
    )


def _scores(evaluation: Evaluation) -> Iterator[HostedScore]:
    values = {(score.metric, score.split): score.value for score in evaluation.scores.all()}
    for metric in evaluation.version.spec.metrics:
        public, private = (values.get((metric.name, split.value)) for split in Split)
        if public is not None or private is not None:
            yield HostedScore(metric.name, metric.title, metric.decimals, public, private)


def hosted_log(view: HostedSubmission) -> str:
    """What was said in each run of a submission, the newest first, as one text."""
    parts = [f"#{view.number} of {view.team} in {view.competition}: {view.status}"]
    for run in view.evaluations:
        parts.append(f"==== evaluation {run.id}: {run.status}, attempt {run.attempt} ====")
        parts += [
            f"---- {title} ----\n{text}"
            for title, text in (
                ("detail", run.host_detail),
                ("smoke run", run.smoke_log),
                ("hidden run and scoring", run.host_log),
            )
            if text
        ]
    return "\n\n".join(parts) + "\n"
