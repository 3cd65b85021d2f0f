"""Who may say and hide what."""

from uuid import UUID

from minigiants.accounts.models import User
from minigiants.competitions.models import Competition, Host
from minigiants.competitions.policies import Viewer
from minigiants.core.problems import NotPermitted


def may_moderate(*, user: Viewer, competition: Competition) -> bool:
    """Whether `user` moderates the discussions of `competition`: its hosts and the staff do."""
    if not isinstance(user, User) or not user.is_active:
        return False
    return user.is_staff or Host.objects.filter(competition=competition, user=user).exists()


def require_moderator(*, user: User, competition: Competition) -> None:
    """Raise NotPermitted unless `user` moderates `competition`."""
    if not may_moderate(user=user, competition=competition):
        raise NotPermitted(
            f"Only the hosts of {competition.title} and the staff may do this.",
            mend="Report the post, and they look at it.",
        )


def host_ids(competition: Competition) -> frozenset[UUID | int]:
    """The identities of the competition's hosts, whose posts carry a badge."""
    return frozenset(competition.hosts.values_list("user_id", flat=True))
