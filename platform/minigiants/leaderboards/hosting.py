"""What hosts do with boards: reveal, freeze, disqualify, reinstate."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from minigiants.accounts.models import User
from minigiants.competitions.models import Competition, Phase
from minigiants.competitions.selectors import spec_of
from minigiants.core.audit import audit_write
from minigiants.core.outbox import outbox_write
from minigiants.core.problems import InvalidInput, NotFound, NotPermitted
from minigiants.leaderboards.models import Board
from minigiants.leaderboards.policies import is_revealed, may_judge, may_run
from minigiants.leaderboards.problems import AlreadyRevealed, PhaseStillOpen
from minigiants.leaderboards.services import (
    BoardRules,
    boards_freeze,
    boards_make,
    boards_thaw,
    team_refresh,
)
from minigiants.teams.models import Team

REASON_CHARACTERS = 500


def _require_runner(user: User, competition: Competition) -> None:
    if not may_run(user=user, competition=competition):
        raise NotPermitted(
            "Only its owners and organizers reveal and freeze a competition's boards.",
            mend="Ask one of them.",
        )


def _require_judge(user: User, competition: Competition) -> None:
    if not may_judge(user=user, competition=competition):
        raise NotPermitted(
            "Only its owners, organizers and judges disqualify.", mend="Ask one of them."
        )


def require_reason(reason: str) -> None:
    """Raise InvalidInput unless `reason` says something, in few enough words."""
    if not reason.strip() or len(reason) > REASON_CHARACTERS:
        raise InvalidInput(
            f"The reason has to have 1 to {REASON_CHARACTERS} characters.",
            mend="Say in a sentence or two why.",
        )


@transaction.atomic
def private_boards_reveal(*, user: User, phase: Phase) -> None:
    """Open the private boards of a phase that has closed, to everybody and for good.

    Raises NotPermitted, PhaseStillOpen, AlreadyRevealed.
    """
    competition = phase.competition
    _require_runner(user, competition)
    now = timezone.now()
    if now < phase.closes_at:
        raise PhaseStillOpen(f"It closes at {phase.closes_at.isoformat()}.")
    # The row is the lock: of two who reveal at once one is told that it has been done.
    Phase.objects.select_for_update(no_key=True).get(pk=phase.pk)
    if is_revealed(phase=phase, now=now):
        raise AlreadyRevealed(f"Everybody sees the private boards of {phase.title}.")
    boards_make(phase=phase, divisions=competition.divisions.all())
    Board.objects.filter(phase=phase, split=Board.Split.PRIVATE).update(revealed_at=now)
    _audit(user, "boards.reveal", phase)
    outbox_write(
        kind="competition.boards_revealed",
        payload={"competition": competition.slug, "phase": phase.slug},
    )


@transaction.atomic
def phase_boards_freeze(*, user: User, phase: Phase, is_frozen: bool) -> None:
    """Freeze the boards of a phase, or let them move again and take in what came meanwhile.

    Raises NotPermitted.
    """
    _require_runner(user, phase.competition)
    boards_make(phase=phase, divisions=phase.competition.divisions.all())
    boards = Board.objects.filter(phase=phase)
    if is_frozen:
        boards_freeze(boards=boards, at=timezone.now())
    else:
        boards_thaw(boards=boards, rules=BoardRules.of(spec_of(phase.competition)))
    _audit(user, "boards.freeze" if is_frozen else "boards.thaw", phase)


def _audit(user: User, action: str, phase: Phase) -> None:
    audit_write(
        actor=user,
        action=action,
        target=phase,
        competition_id=phase.competition_id,
        phase=phase.title,
    )


@transaction.atomic
def team_disqualify(*, user: User, competition: Competition, team_id: UUID, reason: str) -> Team:
    """Take a team off all boards. Raises NotPermitted, NotFound, InvalidInput."""
    _require_judge(user, competition)
    require_reason(reason)
    return _team_rule(user, competition, team_id, reason, is_out=True)


@transaction.atomic
def team_reinstate(*, user: User, competition: Competition, team_id: UUID, reason: str) -> Team:
    """Let a team stand on the boards again. `reason` stands in the audit log.

    Raises NotPermitted, NotFound, InvalidInput.
    """
    _require_judge(user, competition)
    require_reason(reason)
    return _team_rule(user, competition, team_id, reason, is_out=False)


def _team_rule(
    user: User, competition: Competition, team_id: UUID, reason: str, *, is_out: bool
) -> Team:
    team = (
        Team.objects.select_for_update(no_key=True)
        .filter(pk=team_id, competition=competition)
        .first()
    )
    if team is None:
        raise NotFound("There is no such team in this competition.")
    team.ruled_at = timezone.now()
    team.disqualified_at = team.ruled_at if is_out else None
    team.disqualified_for = reason if is_out else ""
    team.save(update_fields=["ruled_at", "disqualified_at", "disqualified_for"])
    team_refresh(team=team, rules=BoardRules.of(spec_of(competition)))
    audit_write(
        actor=user,
        action="team.disqualify" if is_out else "team.reinstate",
        target=team,
        competition_id=competition.pk,
        team=team.name,
        reason=reason,
    )
    return team
