"""Handing in, and taking back."""

from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from evaluator.contract import PREDICTIONS
from minigiants.accounts.models import User
from minigiants.artifacts.inspection import artifact_inspect
from minigiants.artifacts.models import Artifact, Inspection
from minigiants.artifacts.selectors import artifact_get
from minigiants.competitions.models import Competition, PackVersion, Phase
from minigiants.competitions.participation import require_rules_accepted
from minigiants.core.outbox import outbox_write
from minigiants.core.problems import InvalidInput, NotFound
from minigiants.submissions.failures import unrunnable
from minigiants.submissions.lifecycle import ACTIVE, Status, advance
from minigiants.submissions.live import announce_change
from minigiants.submissions.models import Evaluation, StateChange, Submission
from minigiants.submissions.problems import (
    DuplicateSubmission,
    NeedsContainer,
    NotCancellable,
    PhaseClosed,
)
from minigiants.submissions.quota import quota_state
from minigiants.submissions.selectors import submission_get
from minigiants.submissions.workers import capacity_of
from minigiants.teams.models import Team
from minigiants.teams.policies import require_team_size
from minigiants.teams.services import team_lock

MESSAGE_CHARACTERS = 200
REFUSED_CODE = "refused_at_inspection"


def submission_create(
    *, user: User, competition: Competition, artifact_id: UUID, message: str = ""
) -> Submission:
    """Hand an artifact in. What inspection refused is recorded as rejected and charges nothing.

    What comes after the last phase is late, where the pack allows that at all: it counts against
    the last phase's quota, and ranks nowhere.

    Raises NotFound, RulesNotAccepted, PhaseClosed, NeedsContainer, WorkersTooSmall,
    DuplicateSubmission, TeamTooLarge, QuotaExhausted, TooManyFailures, TooManyRunning,
    InvalidInput.
    """
    if len(message) > MESSAGE_CHARACTERS:
        raise InvalidInput(f"The message is longer than {MESSAGE_CHARACTERS} characters.")
    artifact = artifact_get(user=user, artifact_id=artifact_id)
    if artifact.team.competition_id != competition.pk:
        raise NotFound("This model was uploaded for another competition.")
    version = competition.current_version
    if version is None:
        raise NotFound("There is no such competition.")
    require_rules_accepted(user=user, competition=competition)
    inspection = artifact_inspect(artifact=artifact, version=version)
    if inspection.accepted:
        _require_runnable(artifact, version)
    with transaction.atomic():
        team = team_lock(team_id=artifact.team_id)
        now = timezone.now()
        spec = version.spec
        require_team_size(team=team, spec=spec)
        open_phase = spec.phase_at(now)
        phase_spec = open_phase or spec.late_phase_at(now)
        if phase_spec is None:
            raise PhaseClosed(f"{competition.title} is between phases or over.")
        phase = Phase.objects.get(competition=competition, slug=phase_spec.slug)
        _require_new(artifact, version)
        if inspection.accepted:
            quota_state(team=team, phase=phase, phase_spec=phase_spec, now=now).require_room()
        return _record(
            user=user,
            competition=competition,
            team=team,
            phase=phase,
            version=version,
            artifact=artifact,
            inspection=inspection,
            message=message,
            is_late=open_phase is None,
        )


def _require_runnable(artifact: Artifact, version: PackVersion) -> None:
    # Workers that are away for a moment will be back; workers that can't will not.
    runtime = version.spec.runtime
    capacity = capacity_of(profile=runtime.profile)
    if capacity.lacks(artifact.format):
        words = unrunnable(artifact.format)
        raise NeedsContainer(words.why, mend=words.mend)
    if artifact.format != PREDICTIONS:
        capacity.require_memory(runtime.limits)


def _require_new(artifact: Artifact, version: PackVersion) -> None:
    earlier = (
        Submission.objects.filter(artifact=artifact, pack_version=version)
        .filter(status__in=[*ACTIVE, Status.SCORED, Status.REJECTED])
        .only("number", "status")
        .first()
    )
    if earlier is not None:
        raise DuplicateSubmission(
            f"It is submission {earlier.number} of your team: {earlier.get_status_display()}.",
            submission=str(earlier.pk),
        )


def _record(
    *,
    user: User,
    competition: Competition,
    team: Team,
    phase: Phase,
    version: PackVersion,
    artifact: Artifact,
    inspection: Inspection,
    message: str,
    is_late: bool,
) -> Submission:
    number = (team.submissions.aggregate(last=Max("number"))["last"] or 0) + 1
    status = Status.QUEUED if inspection.accepted else Status.REJECTED
    submission = Submission.objects.create(
        competition=competition,
        pack_version=version,
        phase=phase,
        division=inspection.division,
        team=team,
        submitted_by=user,
        artifact=artifact,
        inspection=inspection,
        number=number,
        message=message,
        status=status,
        quota_charged=inspection.accepted,
        is_late=is_late,
    )
    evaluation = None
    code = reason = ""
    if inspection.accepted:
        evaluation = Evaluation.objects.create(
            submission=submission, profile=version.spec.runtime.profile
        )
    else:
        code, reason = REFUSED_CODE, "Inspection refused the model. Nothing was charged."
    change_record(submission, evaluation, status, code=code, reason=reason)
    return submission


def change_record(
    submission: Submission,
    evaluation: Evaluation | None,
    status: Status,
    *,
    code: str = "",
    reason: str = "",
) -> None:
    """Write down a step: the history, the outbox, and a nudge for those who watch."""
    StateChange.objects.create(
        submission=submission, evaluation=evaluation, status=status, code=code, reason=reason
    )
    outbox_write(
        kind=f"submission.{status}",
        payload={"submission": str(submission.pk), "status": status, "code": code},
    )
    announce_change(submission.pk)


def submission_cancel(*, user: User, submission_id: UUID) -> Submission:
    """Take a submission back. While it waits, that gives its quota back too.

    Raises NotFound, NotCancellable.
    """
    found = submission_get(user=user, submission_id=submission_id)
    with transaction.atomic():
        submission = Submission.objects.select_for_update().get(pk=found.pk)
        evaluation = submission.evaluations.first()
        if submission.is_final or evaluation is None:
            raise NotCancellable(f"It is {submission.get_status_display().lower()}.")
        was_waiting = evaluation.status == Status.QUEUED
        if not evaluation_cancel(evaluation):
            raise NotCancellable("It has moved on meanwhile.", mend="Try again.")
        submission.status = Status.CANCELLED
        submission.quota_charged = not was_waiting
        submission.updated_at = timezone.now()
        submission.save(update_fields=["status", "quota_charged", "updated_at"])
        change_record(
            submission,
            evaluation,
            Status.CANCELLED,
            code="cancelled",
            reason=f"Taken back by {user.username}.",
        )
    return submission


def evaluation_cancel(evaluation: Evaluation) -> bool:
    """Cancel an evaluation that is under way. Returns whether it still was where it stood.

    Its submission is left to the caller.
    """
    return advance(
        Evaluation.objects.all(),
        evaluation_id=evaluation.pk,
        current=Status(evaluation.status),
        attempt=evaluation.attempt,
        to=Status.CANCELLED,
        finished_at=timezone.now(),
        lease_expires_at=None,
        report_token_digest="",
    )
