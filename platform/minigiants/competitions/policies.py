"""Who may do what with a competition."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from allauth.account.models import EmailAddress
from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Lower, StrIndex, Substr

from minigiants.accounts.models import User
from minigiants.competitions.models import Admission, Competition, Host
from minigiants.competitions.pack_access import Audience

Viewer = User | AnonymousUser | None
"""Whoever looks: a person, or nobody in particular."""


class HostAction(StrEnum):
    """What hosts do, each kind with the roles that may: see `ALLOWED`."""

    LOOK = "look"
    """Read submissions, statistics and the audit log."""
    JUDGE = "judge"
    """Disqualify submissions, and reinstate them."""
    RUN = "run"
    """Publish, rescore, edit, invite, and read what is hidden."""
    OWN = "own"
    """Choose the hosts and their roles."""


ALLOWED: Final[Mapping[HostAction, frozenset[Host.Role]]] = {
    HostAction.LOOK: frozenset(Host.Role),
    HostAction.JUDGE: frozenset({Host.Role.OWNER, Host.Role.ORGANIZER, Host.Role.JUDGE}),
    HostAction.RUN: frozenset({Host.Role.OWNER, Host.Role.ORGANIZER}),
    HostAction.OWN: frozenset({Host.Role.OWNER}),
}


def may_host(*, actor: Viewer, slug: str, action: HostAction) -> bool:
    """Whether `actor` may do this to the competition `slug`, whether it is published or not.

    None is the operator at the server's command line, who may all, as the staff may.
    """
    if actor is None:
        return True
    if not isinstance(actor, User) or not actor.is_active:
        return False
    return (
        actor.is_staff
        or Host.objects.filter(
            competition__slug=slug, user=actor, role__in=ALLOWED[action]
        ).exists()
    )


def is_host(*, viewer: Viewer) -> Exists | Value:
    """Of a competition in a query: whether `viewer` is a host of it, of whatever role."""
    if isinstance(viewer, User) and viewer.is_active and not viewer.is_staff:
        return Exists(Host.objects.filter(competition=OuterRef("pk"), user=viewer))
    return Value(isinstance(viewer, User) and viewer.is_active)


def may_publish(*, actor: User | None, slug: str) -> bool:
    """Whether `actor` may publish a pack as the competition `slug`.

    Hosts may update their own. Whoever holds the permission to add competitions may take a slug
    that is free, and owns what they found.
    """
    if may_host(actor=actor, slug=slug, action=HostAction.RUN):
        return True
    return (
        actor is not None
        and actor.is_active
        and actor.has_perm("competitions.add_competition")
        and not Competition.objects.filter(slug=slug).exists()
    )


def visible_competitions(*, user: Viewer) -> QuerySet[Competition]:
    """The published competitions that `user` may know of: see `pack_access.Audience`.

    Hosts and the staff may know of theirs whoever else may.
    """
    published = Competition.objects.filter(current_version__isnull=False)
    public = Q(audience=Audience.PUBLIC)
    if not isinstance(user, User):
        return published.filter(public)
    admitted = Q(pk__in=Admission.objects.filter(user=user).values("competition"))
    if not user.is_active:  # nobody logs in with it; a baseline's account still takes part
        return published.filter(public | admitted)
    if user.is_staff:
        return published
    domains = EmailAddress.objects.filter(user=user, verified=True).values_list(
        Lower(Substr("email", StrIndex("email", Value("@")) + 1))
    )
    return published.filter(
        public
        | admitted
        | Q(pk__in=Host.objects.filter(user=user).values("competition"))
        | Q(audience=Audience.EMAIL_DOMAIN, email_domains__overlap=domains)
    )


def may_see(*, user: Viewer, competition: Competition) -> bool:
    """Whether `visible_competitions` holds a competition that was fetched just now.

    Most are for everybody, which their row says: to ask the database for all kinds of audience
    costs more than what most requests are about.
    """
    is_published = competition.current_version_id is not None
    if is_published and competition.audience == Audience.PUBLIC:
        return True
    return visible_competitions(user=user).filter(pk=competition.pk).exists()
