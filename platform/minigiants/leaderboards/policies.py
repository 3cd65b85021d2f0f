"""Who may see a board, and who may rule over it."""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from minigiants.accounts.models import User
from minigiants.competitions.models import Competition, Host, Phase
from minigiants.competitions.policies import Viewer
from minigiants.leaderboards.models import Board

RUNNING_ROLES = frozenset({Host.Role.OWNER, Host.Role.ORGANIZER})
"""The roles that reveal and freeze boards."""
JUDGING_ROLES = RUNNING_ROLES | {Host.Role.JUDGE}
"""The roles that disqualify and reinstate."""
ALL_ROLES = frozenset(Host.Role)


def may_run(*, user: Viewer, competition: Competition) -> bool:
    """Whether `user` may reveal and freeze the boards of `competition`."""
    return _has_role(user, competition, RUNNING_ROLES)


def may_judge(*, user: Viewer, competition: Competition) -> bool:
    """Whether `user` may disqualify and reinstate in `competition`."""
    return _has_role(user, competition, JUDGING_ROLES)


def may_see_hidden(*, user: Viewer, competition: Competition) -> bool:
    """Whether `user` may see the private boards of `competition` before they are revealed."""
    return _has_role(user, competition, ALL_ROLES)


def _has_role(user: Viewer, competition: Competition, roles: Collection[Host.Role]) -> bool:
    if not isinstance(user, User) or not user.is_active:
        return False
    return (
        user.is_staff
        or Host.objects.filter(competition=competition, user=user, role__in=roles).exists()
    )


def revealed_by_timeline(*, phase: Phase, now: datetime) -> bool:
    """Whether the timeline has revealed the private boards of a phase."""
    return phase.reveals_at is not None and phase.reveals_at <= now


def is_revealed(*, phase: Phase, now: datetime | None = None) -> bool:
    """Whether anybody may see the private boards of a phase: by the timeline, or by a host."""
    if revealed_by_timeline(phase=phase, now=now or timezone.now()):
        return True
    return Board.objects.filter(
        phase=phase, split=Board.Split.PRIVATE, revealed_at__isnull=False
    ).exists()


def phases_revealed(boards: Iterable[Board]) -> set[UUID]:
    """The phases of `boards` that `is_revealed`, as far as these boards and their phases tell."""
    now = timezone.now()
    return {
        board.phase_id
        for board in boards
        if revealed_by_timeline(phase=board.phase, now=now)
        or (board.split == Board.Split.PRIVATE and board.revealed_at is not None)
    }
