"""Who runs a competition, and who may see one that is not public."""

import hashlib
import hmac
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.core import signing
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from minigiants.accounts.models import User
from minigiants.competitions.models import Admission, Competition, Host, Invitation
from minigiants.competitions.pack_access import Audience
from minigiants.competitions.policies import HostAction
from minigiants.competitions.problems import LastOwner
from minigiants.competitions.services import require_host
from minigiants.core.audit import audit_write
from minigiants.core.outbox import outbox_write
from minigiants.core.problems import InvalidInput, NotFound

INVITED_EVENT: Final = "competition.invited"
INVITATION_LIFETIME: Final = timedelta(days=30)
MAX_OPEN_INVITATIONS: Final = 1000
_SALT: Final = "minigiants.competitions.invitation"


@transaction.atomic
def host_set(*, competition: Competition, actor: User, username: str, role: str) -> Host:
    """Give a person a role among the hosts, or another one.

    Raises NotPermitted, NotFound, InvalidInput, LastOwner.
    """
    locked = _locked(competition, actor)
    if role not in Host.Role.values:
        raise InvalidInput(
            f"There is no role {role[:40]!r}.", mend=f"Choose among: {', '.join(Host.Role.values)}."
        )
    person = User.objects.filter(username=username, is_active=True).first()
    if person is None:
        raise NotFound(f"There is no person {username[:40]!r}.")
    if role != Host.Role.OWNER:
        _require_other_owner(locked, person)
    host, _ = Host.objects.update_or_create(
        competition=locked, user=person, defaults={"role": role}
    )
    audit_write(actor=actor, action="host.set", target=locked, username=username, role=role)
    return host


@transaction.atomic
def host_remove(*, competition: Competition, actor: User, username: str) -> None:
    """Take a person's role away. Raises NotPermitted, NotFound, LastOwner."""
    locked = _locked(competition, actor)
    host = Host.objects.filter(competition=locked, user__username=username).first()
    if host is None:
        raise NotFound(f"{username[:40]!r} is no host of this competition.")
    _require_other_owner(locked, host.user)
    host.delete()
    audit_write(actor=actor, action="host.remove", target=locked, username=username)


def _locked(competition: Competition, actor: User) -> Competition:
    require_host(actor=actor, slug=competition.slug, action=HostAction.OWN)
    # The row is the lock: of two owners who remove each other one comes second.
    return Competition.objects.select_for_update().get(pk=competition.pk)


def _require_other_owner(competition: Competition, person: User) -> None:
    owners = Host.objects.filter(competition=competition, role=Host.Role.OWNER)
    if owners.filter(user=person).exists() and owners.count() == 1:
        raise LastOwner(f"{person.username} is the only owner of {competition.title}.")


@transaction.atomic
def competition_invite(*, competition: Competition, actor: User, email: str) -> Invitation:
    """Invite an e-mail address to see the competition and take part. Once open, it stays the same.

    Raises NotPermitted, InvalidInput.
    """
    require_host(actor=actor, slug=competition.slug, action=HostAction.RUN)
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError as error:
        raise InvalidInput(
            f"{address[:60]!r} is no e-mail address.", mend="Write it like name@example.org."
        ) from error
    now = timezone.now()
    open_ones = Invitation.objects.filter(
        competition=competition,
        accepted_at__isnull=True,
        revoked_at__isnull=True,
        expires_at__gt=now,
    )
    same = open_ones.filter(email=address).first()
    if same is not None:
        return same
    if open_ones.count() >= MAX_OPEN_INVITATIONS:
        raise InvalidInput(
            f"{MAX_OPEN_INVITATIONS} invitations are open.",
            mend="Revoke some, or let people in by link or e-mail domain.",
        )
    invitation = Invitation(
        competition=competition,
        email=address,
        invited_by=actor,
        expires_at=now + INVITATION_LIFETIME,
    )
    invitation.digest = _digest(invitation_secret(invitation))
    invitation.save(force_insert=True)
    audit_write(actor=actor, action="people.invite", target=competition, email=address)
    outbox_write(kind=INVITED_EVENT, payload={"invitation": str(invitation.pk)})
    return invitation


def invitation_secret(invitation: Invitation) -> str:
    """What the mail's link ends with. It follows from the server's key, so nothing keeps it."""
    return signing.Signer(salt=_SALT).signature(str(invitation.pk))


@transaction.atomic
def invitation_revoke(*, competition: Competition, actor: User, invitation_id: UUID) -> None:
    """Close an invitation; whoever has accepted it already is shut out. Twice is as good as once.

    Raises NotPermitted, NotFound.
    """
    require_host(actor=actor, slug=competition.slug, action=HostAction.RUN)
    invitation = (
        Invitation.objects.select_for_update()
        .filter(pk=invitation_id, competition=competition)
        .first()
    )
    if invitation is None:
        raise NotFound("There is no such invitation.")
    if invitation.revoked_at is not None:
        return
    invitation.revoked_at = timezone.now()
    invitation.save(update_fields=["revoked_at"])
    if invitation.accepted_by_id is not None:
        Admission.objects.filter(competition=competition, user=invitation.accepted_by_id).delete()
    audit_write(actor=actor, action="people.revoke", target=competition, email=invitation.email)


@transaction.atomic
def competition_join(*, user: User, slug: str, secret: str) -> Competition:
    """Let `user` see the competition to whose link or invitation `secret` belongs.

    A link lets everybody in who follows it, an invitation one person. Raises NotFound, for a wrong
    secret as for a competition that does not exist.
    """
    competition = (
        Competition.objects.filter(slug=slug, current_version__isnull=False)
        .select_for_update(of=("self",))
        .first()
    )
    if competition is None:
        raise NotFound("This link leads nowhere.")
    if competition.audience == Audience.LINK and hmac.compare_digest(
        secret.encode(), competition.link_secret.encode()
    ):
        _admit(user, competition, Admission.Way.LINK)
        return competition
    invitation = competition.invitations.filter(digest=_digest(secret)).first()
    if (
        invitation is None
        or invitation.revoked_at is not None
        or (invitation.accepted_by_id is not None and invitation.accepted_by_id != user.pk)
        or (invitation.accepted_at is None and invitation.expires_at <= timezone.now())
    ):
        raise NotFound("This link leads nowhere.")
    if invitation.accepted_at is None:
        invitation.accepted_at, invitation.accepted_by = timezone.now(), user
        invitation.save(update_fields=["accepted_at", "accepted_by"])
        _admit(user, competition, Admission.Way.INVITATION)
    return competition


def _admit(user: User, competition: Competition, way: Admission.Way) -> None:
    _, is_new = Admission.objects.get_or_create(
        competition=competition, user=user, defaults={"way": way}
    )
    if is_new:
        audit_write(actor=user, action="people.join", target=competition, way=way)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
