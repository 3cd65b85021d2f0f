"""Who may have webhooks."""

from minigiants.accounts.models import User
from minigiants.competitions.models import Competition, Host
from minigiants.notifications.models import Webhook
from minigiants.teams.models import Team
from minigiants.teams.selectors import is_member

MANAGING_ROLES = frozenset({Host.Role.OWNER, Host.Role.ORGANIZER})


def may_have_team_webhooks(*, user: User, team: Team) -> bool:
    """Whether `user` may have webhooks for what happens to `team`: any of its members."""
    return user.is_active and is_member(user=user, team=team)


def may_have_host_webhooks(*, user: User, competition: Competition) -> bool:
    """Whether `user` may have webhooks for a whole competition: staff, and hosts who manage it."""
    if not user.is_active:
        return False
    hosted = Host.objects.filter(competition=competition, user=user, role__in=MANAGING_ROLES)
    return user.is_staff or hosted.exists()


def may_keep(webhook: Webhook) -> bool:
    """Whether who made the webhook may have it still."""
    if webhook.team is not None:
        return may_have_team_webhooks(user=webhook.owner, team=webhook.team)
    if webhook.competition is not None:
        return may_have_host_webhooks(user=webhook.owner, competition=webhook.competition)
    return False
