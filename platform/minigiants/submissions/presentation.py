"""A submission as its team may see it: the one shape that pages, API and command line show.

Of a hidden run it holds states, codes and rounded measurements, and nothing that the model wrote.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from evaluator.contract import Device, Failure, Split, Stage
from evaluator.failure_sentences import sentence_of
from evaluator.inspection.judgement import Judgement
from minigiants.artifacts.models import Inspection
from minigiants.artifacts.selectors import judgement_of
from minigiants.competitions.pack import PackSpec
from minigiants.leaderboards.selectors import rank_of
from minigiants.submissions.comparisons import Comparisons, ShownComparison, comparisons_of
from minigiants.submissions.evaluated_models import format_of
from minigiants.submissions.failures import explanation_of
from minigiants.submissions.lifecycle import ACTIVE, Status
from minigiants.submissions.models import Evaluation, StateChange, Submission
from minigiants.submissions.queue import expected_start, queue_position
from minigiants.submissions.rounding import shown_measurements
from minigiants.submissions.workers import capacity_of


@dataclass(frozen=True)
class ShownScore:
    """A metric on the public split."""

    metric: str
    title: str
    value: float
    shown: str


@dataclass(frozen=True)
class ShownError:
    """Why there is no score: what happened, why, and how to mend it."""

    code: str
    title: str
    what: str
    why: str
    mend: str


@dataclass(frozen=True)
class ShownChange:
    """A step on the way."""

    id: int
    status: str
    at: datetime
    code: str
    reason: str


@dataclass(frozen=True)
class SubmissionView:
    """A submission as its team sees it. Times are UTC."""

    id: UUID
    number: int
    competition: str
    team: str
    message: str
    status: str
    stage: str
    is_final: bool
    is_late: bool
    division: str | None
    phase: str
    format: str
    artifact: UUID
    submitted_at: datetime
    updated_at: datetime
    position: int | None
    expected_start: datetime | None
    retry_at: datetime | None
    quota_charged: bool
    is_selected: bool
    is_selectable: bool
    disqualified_for: str
    score: float | None
    score_shown: str | None
    scores: tuple[ShownScore, ...]
    is_held_back: bool
    against_best: ShownComparison | None
    rank: int | None
    error: ShownError | None
    judgement: Judgement
    counts: Mapping[str, int] | None
    changes: tuple[ShownChange, ...]
    measurements: Mapping[str, Any] | None
    has_log: bool
    url: str
    api_url: str
    last_change: int = field(default=0)


Ranks = dict[tuple[UUID, UUID | None, UUID], int | None]
"""Ranks that are known already, by phase, division and team."""


def submission_views(submissions: Iterable[Submission]) -> list[SubmissionView]:
    """The views of several. What they share, a team's rank on a board, is read once."""
    submissions = list(submissions)
    ranks: Ranks = {}
    known = comparisons_of(submissions)
    return [submission_view(each, ranks=ranks, known=known) for each in submissions]


def submission_view(
    submission: Submission, *, ranks: Ranks | None = None, known: Comparisons | None = None
) -> SubmissionView:
    """Build the view of a submission as `selectors` fetch it."""
    spec = submission.pack_version.spec
    known = comparisons_of([submission]) if known is None else known
    evaluation = next(iter(submission.evaluations.all()), None)
    changes = tuple(map(shown_change, submission.changes.all()))
    position, start = _waiting(evaluation)
    scored_under = spec if evaluation is None else _scored_under(evaluation, spec)
    metric = scored_under.ranking_metric
    score = submission.public_score
    inspection = submission.inspection
    path = f"/submissions/{submission.pk}"
    return SubmissionView(
        id=submission.pk,
        number=submission.number,
        competition=submission.competition.slug,
        team=submission.team.name,
        message=submission.message,
        status=submission.status,
        stage=evaluation.stage if evaluation else "",
        is_final=submission.is_final,
        is_late=submission.is_late,
        division=submission.division.slug if submission.division else None,
        phase=submission.phase.slug,
        format=submission.artifact.format,
        artifact=submission.artifact_id,
        submitted_at=submission.created_at,
        updated_at=submission.updated_at,
        position=position,
        expected_start=start,
        retry_at=_retry_at(evaluation),
        quota_charged=submission.quota_charged,
        is_selected=submission.selected_at is not None,
        is_selectable=_is_selectable(submission),
        disqualified_for=submission.disqualified_for,
        score=score,
        score_shown=None if score is None else f"{score:.{metric.decimals}f}",
        scores=_scores(submission, evaluation, scored_under),
        is_held_back=submission.pk in known.held_back,
        against_best=known.against_best.get(submission.pk),
        rank=_rank(submission, {} if ranks is None else ranks),
        error=_error(evaluation, scored_under),
        judgement=judgement_of(inspection, spec),
        counts=counts_of(inspection),
        changes=changes,
        measurements=_measurements(evaluation),
        has_log=bool(evaluation and evaluation.smoke_log),
        url=f"{settings.BASE_URL}{path}/",
        api_url=f"{settings.BASE_URL}/api/v1{path}",
        last_change=changes[-1].id if changes else 0,
    )


def _is_selectable(submission: Submission) -> bool:
    """Whether its team may still make it a final selection, or take that back."""
    return (
        submission.status == Status.SCORED
        and not submission.is_late
        and submission.disqualified_at is None
        and timezone.now() < submission.phase.closes_at
    )


def smoke_log(submission: Submission) -> str:
    """The log of the smoke run on public data; empty where there is none (yet)."""
    evaluation = next(iter(submission.evaluations.all()), None)
    return evaluation.smoke_log if evaluation else ""


def _waiting(evaluation: Evaluation | None) -> tuple[int | None, datetime | None]:
    if evaluation is None or evaluation.status != Status.QUEUED:
        return None, None
    position = queue_position(profile=evaluation.profile, evaluation_id=evaluation.pk)
    if position is None:
        return None, None
    capacity = capacity_of(profile=evaluation.profile)
    if not capacity.slots:
        return position, None
    start = expected_start(
        profile=evaluation.profile, position=position, slots=capacity.slots, now=timezone.now()
    )
    return position, start


def _retry_at(evaluation: Evaluation | None) -> datetime | None:
    """When a run that pauses after a fault of ours is due again."""
    if evaluation is None or evaluation.status not in ACTIVE or evaluation.retry_at is None:
        return None
    return evaluation.retry_at if evaluation.retry_at > timezone.now() else None


def _scored_under(evaluation: Evaluation, spec: PackSpec) -> PackSpec:
    """The specification that the scores follow: another than the submission's after a rescore."""
    return spec if evaluation.pack_version is None else evaluation.pack_version.spec


def _scores(
    submission: Submission, evaluation: Evaluation | None, spec: PackSpec
) -> tuple[ShownScore, ...]:
    if evaluation is None or submission.status != Status.SCORED:
        return ()
    if spec.release.is_ladder:
        # The other metrics would tell what the Ladder keeps back.
        public = {spec.ranking_metric.name: submission.public_score}
    else:
        public = {
            score.metric: score.value
            for score in evaluation.scores.all()
            if score.split == Split.PUBLIC
        }
    return tuple(
        ShownScore(metric.name, metric.title, value, f"{value:.{metric.decimals}f}")
        for metric in spec.metrics
        if (value := public.get(metric.name)) is not None
    )


def _rank(submission: Submission, ranks: Ranks) -> int | None:
    division = submission.division
    if submission.status != Status.SCORED or submission.is_late or division is None:
        return None
    place = (submission.phase_id, division.pk, submission.team_id)
    if place not in ranks:
        ranks[place] = rank_of(
            phase=submission.phase, division=division, team_id=submission.team_id
        )
    return ranks[place]


def _error(evaluation: Evaluation | None, spec: PackSpec) -> ShownError | None:
    if evaluation is None or evaluation.status != Status.FAILED:
        return None
    words = explanation_of(Failure(evaluation.failure), format_of(evaluation))
    stage = f" Stage: {evaluation.failed_stage}." if evaluation.failed_stage else ""
    return ShownError(
        code=evaluation.failure,
        title=words.title,
        what=f"{words.title}.{stage}",
        why=evaluation.participant_detail or f"{_happened(evaluation, spec)} {words.why}".lstrip(),
        mend=words.mend,
    )


def _happened(evaluation: Evaluation, spec: PackSpec) -> str:
    """How the model failed, with the limit of the pack; nothing that a worker worded."""
    stage = Stage(evaluation.failed_stage) if evaluation.failed_stage else None
    device: Device = (evaluation.measurements or {}).get("device") or "cpu"
    return sentence_of(Failure(evaluation.failure), stage, spec.runtime.limits, device)


def shown_change(change: StateChange) -> ShownChange:
    """A step of a submission as everybody sees it who sees the submission."""
    return ShownChange(change.pk, change.status, change.at, change.code, change.reason)


def counts_of(inspection: Inspection) -> Mapping[str, int] | None:
    """What inspection counted: elements, bits, bytes, bytes. None where it could not."""
    if (
        inspection.parameters is None
        or inspection.tensor_bits is None
        or inspection.side_bytes is None
        or inspection.artifact_bytes is None
    ):
        return None
    return {
        "parameters": inspection.parameters,
        "tensor_bits": inspection.tensor_bits,
        "side_bytes": inspection.side_bytes,
        "artifact_bytes": inspection.artifact_bytes,
    }


def _measurements(evaluation: Evaluation | None) -> Mapping[str, Any] | None:
    if evaluation is None or not evaluation.measurements:
        return None
    return shown_measurements(evaluation.measurements)
