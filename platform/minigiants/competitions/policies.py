"""Who may do what with a competition."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from minigiants.accounts.models import User
from minigiants.competitions.models import Competition, Host

Viewer = User | AnonymousUser | None
"""Whoever looks: a person, or nobody in particular."""


def may_publish(*, actor: User | None, slug: str) -> bool:
    """Whether `actor` may publish a pack as the competition `slug`.

    None is the operator at the server's command line. Staff may found competitions and update
    any; hosts may update their own.
    """
    if actor is None:
        return True
    if not actor.is_active:
        return False
    return actor.is_staff or Host.objects.filter(competition__slug=slug, user=actor).exists()


def visible_competitions(*, user: Viewer) -> QuerySet[Competition]:
    """The competitions that `user` may know of: every published one is public."""
    return Competition.objects.filter(current_version__isnull=False)
