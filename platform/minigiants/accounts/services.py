"""Making, revoking and checking API tokens."""

import hashlib
from collections.abc import Iterable
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from minigiants.accounts.models import ApiToken, Scope, User
from minigiants.accounts.problems import (
    InvalidToken,
    InvalidTokenRequest,
    TokenExpired,
    TokenRevoked,
)
from minigiants.accounts.token_secrets import is_secret, secret_make
from minigiants.core.audit import audit_write
from minigiants.core.problems import NotFound
from minigiants.core.queries import one_or_none

PREFIX_CHARACTERS: Final = 11
MAX_DAYS: Final = 366
LAST_USE_GRAIN: Final = timedelta(minutes=1)
ROTATION_OVERLAP: Final = timedelta(hours=24)
NAME_CHARACTERS: Final = 80


def _digest(secret: str) -> str:
    # A plain SHA-256 is enough: the secret is 238 random bits, so there is nothing to guess.
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def token_create(
    *, user: User, name: str, scopes: Iterable[str], days: int, competition: str = ""
) -> tuple[ApiToken, str]:
    """A new token of `user` that lives `days` days, and its secret, which is shown only now.

    `competition` is the slug of the only competition that it opens; empty, it opens all. Raises
    InvalidTokenRequest.
    """
    name = name.strip()
    if not name or len(name) > NAME_CHARACTERS:
        raise InvalidTokenRequest(
            f"A token's name has 1 to {NAME_CHARACTERS} characters.",
            mend="Name it after where it is used, such as “CI of our repository”.",
        )
    chosen = sorted(set(scopes))
    if not chosen or not set(chosen) <= set(Scope.values):
        raise InvalidTokenRequest(
            "A token needs at least one scope, and only known ones.",
            mend=f"Choose among: {', '.join(Scope.values)}.",
        )
    if Scope.ADMIN in chosen and not user.is_staff:
        raise InvalidTokenRequest(
            "The scope admin is for staff.", mend="Leave it out, or ask the operators."
        )
    if not 1 <= days <= MAX_DAYS:
        raise InvalidTokenRequest(
            f"A token lives 1 to {MAX_DAYS} days.", mend="Choose a lifetime within that."
        )
    secret = secret_make()
    token = ApiToken.objects.create(
        user=user,
        name=name,
        prefix=secret[:PREFIX_CHARACTERS],
        digest=_digest(secret),
        scopes=chosen,
        competition=competition,
        expires_at=timezone.now() + timedelta(days=days),
    )
    audit_write(
        actor=user,
        action="token.create",
        target=token,
        scopes=chosen,
        days=days,
        competition=competition,
    )
    return token, secret


@transaction.atomic
def token_rotate(*, user: User, token_id: UUID, days: int) -> tuple[ApiToken, str]:
    """A successor of a token of `user`'s own, with the same name, scopes and competition.

    The old secret works for `ROTATION_OVERLAP` longer, or until it expires if that is sooner, so
    that what uses it can be changed over. Returns the new token and its secret. Raises NotFound,
    InvalidToken where the old one opens nothing any more, and InvalidTokenRequest.
    """
    old = ApiToken.objects.select_for_update().filter(pk=token_id, user=user).first()
    if old is None:
        raise NotFound("You have no such token.")
    _check_live(old)
    token, secret = token_create(
        user=user, name=old.name, scopes=old.scopes, days=days, competition=old.competition
    )
    old.expires_at = min(old.expires_at, timezone.now() + ROTATION_OVERLAP)
    old.save(update_fields=["expires_at"])
    audit_write(actor=user, action="token.rotate", target=old, successor=str(token.pk))
    return token, secret


@transaction.atomic
def token_revoke(*, user: User, token_id: UUID) -> ApiToken:
    """Revoke a token of `user`'s own, at once and for good. Twice is as good as once.

    Raises NotFound.
    """
    token = ApiToken.objects.select_for_update().filter(pk=token_id, user=user).first()
    if token is None:
        raise NotFound("You have no such token.")
    if token.revoked_at is None:
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at"])
        audit_write(actor=user, action="token.revoke", target=token)
    return token


def token_authenticate(*, secret: str) -> ApiToken:
    """The live token with this secret, its `user` loaded. Raises InvalidToken or a kind of it.

    The time of last use is written at most once a minute, so that a busy token is no hot row.
    """
    # What does not look like a secret costs no query.
    token = (
        one_or_none(ApiToken.objects.select_related("user").filter(digest=_digest(secret)))
        if is_secret(secret)
        else None
    )
    if token is None or not token.user.is_active:
        raise InvalidToken("The bearer token is not known.")
    _check_live(token)
    now = timezone.now()
    stale = now - LAST_USE_GRAIN
    if token.last_used_at is None or token.last_used_at < stale:
        ApiToken.objects.filter(pk=token.pk).filter(
            Q(last_used_at__isnull=True) | Q(last_used_at__lt=stale)
        ).update(last_used_at=now)
        token.last_used_at = now
    return token


def token_check(*, token_id: UUID) -> None:
    """Raise InvalidToken or a kind of it unless the token still opens something.

    For what lasts longer than one request: a stream of events ends with its token.
    """
    token = one_or_none(ApiToken.objects.select_related("user").filter(pk=token_id))
    if token is None or not token.user.is_active:
        raise InvalidToken("The bearer token is not known.")
    _check_live(token)


def _check_live(token: ApiToken) -> None:
    if token.revoked_at is not None:
        raise TokenRevoked(f"The token {token} was revoked on {token.revoked_at:%Y-%m-%d}.")
    if token.expires_at <= timezone.now():
        raise TokenExpired(f"The token {token} expired on {token.expires_at:%Y-%m-%d}.")
