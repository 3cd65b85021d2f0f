"""Who may see a board, and who may rule over it."""

from datetime import datetime

from django.utils import timezone

from minigiants.accounts.models import User
from minigiants.competitions.models import Competition, Host, Phase
from minigiants.competitions.policies import Viewer
from minigiants.leaderboards.models import Board

RULING_ROLES = frozenset({Host.Role.OWNER, Host.Role.ORGANIZER})
"""The roles that reveal and freeze boards, and disqualify."""


def may_rule(*, user: Viewer, competition: Competition) -> bool:
    """Whether `user` may reveal and freeze boards, and disqualify."""
    if not isinstance(user, User) or not user.is_active:
        return False
    return (
        user.is_staff
        or Host.objects.filter(competition=competition, user=user, role__in=RULING_ROLES).exists()
    )


def is_revealed(*, phase: Phase, now: datetime | None = None) -> bool:
    """Whether anybody may see the private boards of a phase: by the timeline, or by a host."""
    if phase.reveals_at is not None and phase.reveals_at <= (now or timezone.now()):
        return True
    return Board.objects.filter(
        phase=phase, split=Board.Split.PRIVATE, revealed_at__isnull=False
    ).exists()
