"""What hosts do with boards and with what stands on them."""

from uuid import UUID

from ninja import Router

from minigiants.accounts.models import Scope
from minigiants.api.authentication import ApiRequest, person_of, required
from minigiants.api.idempotency import idempotent
from minigiants.api.schemas.leaderboards import (
    PhaseBoardsOut,
    ReasonIn,
    SubmissionRulingOut,
    TeamRulingOut,
)
from minigiants.competitions.models import Phase
from minigiants.competitions.selectors import competition_get
from minigiants.leaderboards.hosting import (
    phase_boards_freeze,
    private_boards_reveal,
    team_disqualify,
    team_reinstate,
)
from minigiants.leaderboards.policies import is_revealed
from minigiants.leaderboards.selectors import phase_get
from minigiants.submissions.rulings import submission_disqualify, submission_reinstate

router = Router(tags=["hosting"])


def _phase(request: ApiRequest, slug: str, phase: str) -> Phase:
    competition = competition_get(slug=slug, user=person_of(request))
    return phase_get(competition=competition, slug=phase)


def _boards(phase: Phase) -> PhaseBoardsOut:
    return PhaseBoardsOut(
        phase=phase.slug,
        is_revealed=is_revealed(phase=phase),
        is_frozen=phase.boards.filter(frozen_at__isnull=False).exists(),
    )


@router.post(
    "/competitions/{slug}/phases/{phase}/reveal",
    response=PhaseBoardsOut,
    auth=required(Scope.HOST),
    operation_id="phase_reveal",
)
@idempotent(status=200)
def reveal(request: ApiRequest, slug: str, phase: str) -> PhaseBoardsOut:
    """Open the private boards of a phase that has closed, to everybody and for good."""
    found = _phase(request, slug, phase)
    private_boards_reveal(user=person_of(request), phase=found)
    return _boards(found)


@router.post(
    "/competitions/{slug}/phases/{phase}/freeze",
    response=PhaseBoardsOut,
    auth=required(Scope.HOST),
    operation_id="phase_freeze",
)
@idempotent(status=200)
def freeze(request: ApiRequest, slug: str, phase: str) -> PhaseBoardsOut:
    """Let the boards of a phase stand still; what is scored meanwhile waits."""
    found = _phase(request, slug, phase)
    phase_boards_freeze(user=person_of(request), phase=found, is_frozen=True)
    return _boards(found)


@router.post(
    "/competitions/{slug}/phases/{phase}/thaw",
    response=PhaseBoardsOut,
    auth=required(Scope.HOST),
    operation_id="phase_thaw",
)
@idempotent(status=200)
def thaw(request: ApiRequest, slug: str, phase: str) -> PhaseBoardsOut:
    """Let the boards of a phase move again, and take in what came meanwhile."""
    found = _phase(request, slug, phase)
    phase_boards_freeze(user=person_of(request), phase=found, is_frozen=False)
    return _boards(found)


@router.post(
    "/competitions/{slug}/teams/{team_id}/disqualify",
    response=TeamRulingOut,
    auth=required(Scope.HOST),
    operation_id="team_disqualify",
)
@idempotent(status=200)
def disqualify_team(
    request: ApiRequest, slug: str, team_id: UUID, payload: ReasonIn
) -> TeamRulingOut:
    """Take a team off all boards."""
    person = person_of(request)
    team = team_disqualify(
        user=person,
        competition=competition_get(slug=slug, user=person),
        team_id=team_id,
        reason=payload.reason,
    )
    return TeamRulingOut.model_validate(team)


@router.post(
    "/competitions/{slug}/teams/{team_id}/reinstate",
    response=TeamRulingOut,
    auth=required(Scope.HOST),
    operation_id="team_reinstate",
)
@idempotent(status=200)
def reinstate_team(
    request: ApiRequest, slug: str, team_id: UUID, payload: ReasonIn
) -> TeamRulingOut:
    """Let a team stand on the boards again."""
    person = person_of(request)
    team = team_reinstate(
        user=person,
        competition=competition_get(slug=slug, user=person),
        team_id=team_id,
        reason=payload.reason,
    )
    return TeamRulingOut.model_validate(team)


@router.post(
    "/submissions/{submission_id}/disqualify",
    response=SubmissionRulingOut,
    auth=required(Scope.HOST),
    operation_id="submission_disqualify",
)
@idempotent(status=200)
def disqualify(request: ApiRequest, submission_id: UUID, payload: ReasonIn) -> SubmissionRulingOut:
    """Take a submission off all boards; the team's next best counts."""
    submission = submission_disqualify(
        user=person_of(request), submission_id=submission_id, reason=payload.reason
    )
    return SubmissionRulingOut.model_validate(submission)


@router.post(
    "/submissions/{submission_id}/reinstate",
    response=SubmissionRulingOut,
    auth=required(Scope.HOST),
    operation_id="submission_reinstate",
)
@idempotent(status=200)
def reinstate(request: ApiRequest, submission_id: UUID, payload: ReasonIn) -> SubmissionRulingOut:
    """Let a submission count again."""
    submission = submission_reinstate(
        user=person_of(request), submission_id=submission_id, reason=payload.reason
    )
    return SubmissionRulingOut.model_validate(submission)
