"""Who may do what with a competition."""

from allauth.account.models import EmailAddress
from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Lower, StrIndex, Substr

from minigiants.accounts.models import User
from minigiants.competitions.models import Admission, Competition, Host
from minigiants.competitions.pack_access import Audience

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
    """The published competitions that `user` may know of: see `pack_access.Audience`.

    Hosts and the staff may know of theirs whoever else may.
    """
    published = Competition.objects.filter(current_version__isnull=False)
    public = Q(audience=Audience.PUBLIC)
    if not isinstance(user, User) or not user.is_active:
        return published.filter(public)
    if user.is_staff:
        return published
    domains = EmailAddress.objects.filter(user=user, verified=True).values_list(
        Lower(Substr("email", StrIndex("email", Value("@")) + 1))
    )
    return published.filter(
        public
        | Q(pk__in=Admission.objects.filter(user=user).values("competition"))
        | Q(pk__in=Host.objects.filter(user=user).values("competition"))
        | Q(audience=Audience.EMAIL_DOMAIN, email_domains__overlap=domains)
    )
