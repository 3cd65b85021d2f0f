"""Making, changing and removing webhooks."""

import base64
import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import Final
from uuid import UUID

import httpx
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from minigiants.accounts.models import User
from minigiants.competitions.models import Competition
from minigiants.core.audit import audit_write
from minigiants.core.sealing import seal, unseal
from minigiants.notifications.addresses import PUBLIC_PORTS
from minigiants.notifications.models import (
    DESCRIPTION_CHARACTERS,
    URL_CHARACTERS,
    Delivery,
    Webhook,
)
from minigiants.notifications.problems import InvalidWebhook, TooManyWebhooks, WebhookDisabled
from minigiants.notifications.selectors import Subject, delivery_get, subject_of
from minigiants.notifications.webhook_body import body_of
from minigiants.notifications.webhook_events import TEST_KIND, Audience, kinds_of
from minigiants.teams.models import Team

SECRET_START: Final = "whsec_"  # noqa: S105  (Standard Webhooks' own)
SECRET_BYTES: Final = 32
ROTATION_OVERLAP: Final = timedelta(hours=24)
MOST_OF_A_TEAM: Final = 10
MOST_OF_A_COMPETITION: Final = 20


@transaction.atomic
def webhook_create(
    *,
    user: User,
    subject: Subject,
    url: str,
    kinds: Iterable[str] = (),
    description: str = "",
) -> tuple[Webhook, str]:
    """A new webhook and its signing secret. `kinds` it hears of; none: all.

    Raises InvalidWebhook, TooManyWebhooks.
    """
    fields = {
        "url": checked_url(url),
        "kinds": _checked_kinds(kinds, subject.audience),
        "description": _checked_description(description),
    }
    # Two at once must not pass the limit: the team's or competition's row is the lock.
    if subject.team is not None:
        Team.objects.select_for_update().get(pk=subject.team.pk)
        most = MOST_OF_A_TEAM
    else:
        Competition.objects.select_for_update().get(pk=subject.competition.pk)  # type: ignore[union-attr]
        most = MOST_OF_A_COMPETITION
    if subject.webhooks().count() >= most:
        raise TooManyWebhooks(f"There are {most} already.")
    secret = _new_secret()
    webhook = Webhook.objects.create(
        team=subject.team,
        competition=subject.competition,
        owner=user,
        sealed_secret=seal(secret),
        **fields,
    )
    audit_write(actor=user, action="webhook.create", target=webhook, url=webhook.url)
    return webhook, secret


@transaction.atomic
def webhook_change(
    *,
    user: User,
    webhook: Webhook,
    url: str | None = None,
    kinds: Iterable[str] | None = None,
    description: str | None = None,
    enabled: bool | None = None,
) -> Webhook:
    """Change what is given. Switched on, it starts afresh and belongs to `user` from now on.

    Raises InvalidWebhook.
    """
    webhook = Webhook.objects.select_for_update(of=("self",)).get(pk=webhook.pk)
    if url is not None:
        webhook.url = checked_url(url)
    if kinds is not None:
        webhook.kinds = _checked_kinds(kinds, subject_of(webhook).audience)
    if description is not None:
        webhook.description = _checked_description(description)
    if enabled is False and webhook.is_enabled:
        webhook.disabled = Webhook.Disabled.BY_PERSON
    elif enabled and not webhook.is_enabled:
        webhook.disabled = Webhook.Disabled.NO
        webhook.failures, webhook.busy_until, webhook.owner = 0, timezone.now(), user
    webhook.save()
    audit_write(
        actor=user,
        action="webhook.change",
        target=webhook,
        url=webhook.url,
        enabled=webhook.is_enabled,
    )
    return webhook


@transaction.atomic
def webhook_delete(*, user: User, webhook: Webhook) -> None:
    """Remove a webhook with its log; nothing more is sent."""
    audit_write(actor=user, action="webhook.delete", target=webhook, url=webhook.url)
    webhook.delete()


@transaction.atomic
def webhook_rotate(*, user: User, webhook: Webhook) -> tuple[Webhook, str]:
    """Give it a new secret. For `ROTATION_OVERLAP` messages are signed with the old one too."""
    webhook = Webhook.objects.select_for_update(of=("self",)).get(pk=webhook.pk)
    secret = _new_secret()
    webhook.sealed_previous, webhook.sealed_secret = webhook.sealed_secret, seal(secret)
    webhook.previous_until = timezone.now() + ROTATION_OVERLAP
    webhook.save(update_fields=["sealed_previous", "sealed_secret", "previous_until"])
    audit_write(actor=user, action="webhook.rotate", target=webhook)
    return webhook, secret


def webhook_test(*, webhook: Webhook) -> Delivery:
    """Send a message of the kind `webhook.test`. Raises WebhookDisabled."""
    _require_enabled(webhook)
    data = {"webhook": str(webhook.pk), "description": webhook.description}
    return Delivery.objects.create(
        webhook=webhook,
        kind=TEST_KIND,
        body=body_of(TEST_KIND, timezone.now(), data),
    )


def delivery_replay(*, webhook: Webhook, delivery_id: UUID) -> Delivery:
    """Send a message again, the same bytes under the same id, whatever became of it before.

    Raises NotFound, WebhookDisabled.
    """
    delivery = delivery_get(webhook=webhook, delivery_id=delivery_id)
    _require_enabled(webhook)
    Delivery.objects.filter(pk=delivery.pk).update(
        status=Delivery.Status.PENDING, attempts=0, next_attempt_at=timezone.now()
    )
    Webhook.objects.filter(pk=webhook.pk).update(busy_until=timezone.now())
    return delivery_get(webhook=webhook, delivery_id=delivery_id)


def signing_secrets(webhook: Webhook) -> list[str]:
    """The secrets to sign with now: the present one, and the one before while that holds."""
    sealed = [webhook.sealed_secret]
    if webhook.previous_until is not None and webhook.previous_until > timezone.now():
        sealed.append(webhook.sealed_previous)
    return [unseal(secret) for secret in sealed]


def _require_enabled(webhook: Webhook) -> None:
    if not webhook.is_enabled:
        raise WebhookDisabled(f"It is off: {webhook.get_disabled_display().lower()}.")


def _new_secret() -> str:
    return SECRET_START + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def checked_url(url: str) -> str:
    """`url` in its normal, ASCII form. Raises InvalidWebhook.

    Where its name leads is judged when something is sent, each time anew.
    """
    mend = "Give a whole address such as https://example.org/minigiants."
    try:
        parsed = httpx.URL(url.strip())
    except httpx.InvalidURL as error:
        raise InvalidWebhook(f"This is no address: {error}.", mend=mend) from None
    schemes = {"https", "http"} if settings.WEBHOOK_NETWORKS else {"https"}
    if parsed.scheme not in schemes:
        raise InvalidWebhook("Webhooks are sent over HTTPS only.", mend=mend)
    if not parsed.raw_host:
        raise InvalidWebhook("The address names no host.", mend=mend)
    if parsed.userinfo or parsed.fragment:
        raise InvalidWebhook(
            "The address holds a user name, a password or a fragment.",
            mend="Leave them out: who receives a message checks its signature.",
        )
    ports = range(1, 65_536) if settings.WEBHOOK_NETWORKS else PUBLIC_PORTS
    if parsed.port is not None and parsed.port not in ports:
        raise InvalidWebhook(f"Nothing is sent to port {parsed.port}.", mend="Use 443 or 8443.")
    text = str(parsed.copy_with(host=parsed.raw_host.decode()))
    if len(text) > URL_CHARACTERS or not text.isascii():
        raise InvalidWebhook(f"The address is longer than {URL_CHARACTERS} characters.", mend=mend)
    return text


def _checked_kinds(kinds: Iterable[str], audience: Audience) -> list[str]:
    chosen = sorted(set(kinds))
    known = [kind.name for kind in kinds_of(audience)]
    unknown = set(chosen) - set(known)
    if unknown:
        raise InvalidWebhook(
            f"These kinds are not told here: {', '.join(sorted(unknown))[:200]}.",
            mend=f"Choose among {', '.join(known)}, or none for all.",
        )
    return chosen


def _checked_description(description: str) -> str:
    description = description.strip()
    if len(description) > DESCRIPTION_CHARACTERS:
        raise InvalidWebhook(
            f"The description is longer than {DESCRIPTION_CHARACTERS} characters.",
            mend="Say it shorter.",
        )
    return description
