"""Webhooks: of your team, and, for its hosts, of a whole competition.

Both are the same operations under two addresses, each with scopes of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpResponse
from ninja import Router

from minigiants.accounts.models import Scope, User
from minigiants.api.authentication import ApiRequest, person_of, required
from minigiants.api.idempotency import idempotent
from minigiants.api.pagination import DEFAULT_LIMIT, CursorParam, LimitParam, newest_first
from minigiants.api.schemas.webhooks import (
    AttemptOut,
    DeliveryList,
    DeliveryOut,
    MadeWebhook,
    WebhookChange,
    WebhookIn,
    WebhookList,
    WebhookOut,
)
from minigiants.competitions.models import Competition
from minigiants.competitions.selectors import competition_get
from minigiants.notifications.models import Delivery, Webhook
from minigiants.notifications.selectors import (
    Subject,
    delivery_get,
    hosts_subject,
    team_subject,
    webhook_get,
)
from minigiants.notifications.webhooks import (
    delivery_replay,
    webhook_change,
    webhook_create,
    webhook_delete,
    webhook_rotate,
    webhook_test,
)


@dataclass(frozen=True)
class Place:
    """One of the two addresses."""

    path: str
    name: str
    read: Scope
    write: Scope
    subject: Callable[..., Subject]


def _told(webhook: Webhook) -> dict[str, object]:
    return {
        "id": webhook.pk,
        "url": webhook.url,
        "kinds": webhook.kinds,
        "description": webhook.description,
        "enabled": webhook.is_enabled,
        "disabled_reason": webhook.disabled,
        "owner": webhook.owner.username,
        "failures": webhook.failures,
        "last_success_at": webhook.last_success_at,
        "created_at": webhook.created_at,
    }


def _out(webhook: Webhook) -> WebhookOut:
    return WebhookOut.model_validate(_told(webhook))


def _made(webhook: Webhook, secret: str) -> MadeWebhook:
    return MadeWebhook.model_validate({**_told(webhook), "secret": secret})


def _delivery_out(delivery: Delivery) -> DeliveryOut:
    waits = delivery.status == Delivery.Status.PENDING
    return DeliveryOut(
        id=delivery.pk,
        message_id=delivery.message_id,
        kind=delivery.kind,
        body=delivery.body,
        status=delivery.status,
        created_at=delivery.created_at,
        next_attempt_at=delivery.next_attempt_at if waits else None,
        attempts=[AttemptOut.model_validate(attempt) for attempt in delivery.log.all()],
    )


def webhook_router(place: Place) -> Router:
    """The operations on the webhooks at `place`."""
    router = Router(tags=["webhooks"])
    base = f"/competitions/{{slug}}/{place.path}/webhooks"
    one = base + "/{webhook_id}"
    reads, writes = required(place.read), required(place.write)

    def subject(request: ApiRequest, slug: str) -> Subject:
        person: User = person_of(request)
        competition: Competition = competition_get(slug=slug, user=person)
        return place.subject(user=person, competition=competition)

    def named(request: ApiRequest, slug: str, webhook_id: UUID) -> Webhook:
        return webhook_get(subject=subject(request, slug), webhook_id=webhook_id)

    def operation(name: str) -> str:
        return f"{place.name}_webhook_{name}"

    @router.get(base, response=WebhookList, auth=reads, operation_id=operation("list"))
    def index(
        request: ApiRequest,
        slug: str,
        cursor: CursorParam = None,
        limit: LimitParam = DEFAULT_LIMIT,
    ) -> WebhookList:
        """The webhooks, the newest first."""
        rows = subject(request, slug).webhooks().select_related("owner")
        page, next_cursor = newest_first(rows, cursor=cursor, limit=limit)
        return WebhookList(items=[_out(webhook) for webhook in page], next_cursor=next_cursor)

    @router.post(base, response={201: MadeWebhook}, auth=writes, operation_id=operation("create"))
    @idempotent(status=201)
    def create(request: ApiRequest, slug: str, payload: WebhookIn) -> MadeWebhook:
        """Make a webhook. The secret that signs its messages is in the answer."""
        webhook, secret = webhook_create(
            user=person_of(request),
            subject=subject(request, slug),
            url=payload.url,
            kinds=payload.kinds,
            description=payload.description,
        )
        return _made(webhook, secret)

    @router.get(one, response=WebhookOut, auth=reads, operation_id=operation("read"))
    def read(request: ApiRequest, slug: str, webhook_id: UUID) -> WebhookOut:
        """One webhook, and how it fares."""
        return _out(named(request, slug, webhook_id))

    @router.patch(one, response=WebhookOut, auth=writes, operation_id=operation("change"))
    def change(
        request: ApiRequest, slug: str, webhook_id: UUID, payload: WebhookChange
    ) -> WebhookOut:
        """Change a webhook, or switch it off or on again."""
        changed = webhook_change(
            user=person_of(request),
            webhook=named(request, slug, webhook_id),
            **payload.model_dump(exclude_none=True),
        )
        return _out(changed)

    @router.delete(one, response={204: None}, auth=writes, operation_id=operation("delete"))
    def delete(request: ApiRequest, slug: str, webhook_id: UUID) -> HttpResponse:
        """Remove a webhook and its log."""
        webhook_delete(user=person_of(request), webhook=named(request, slug, webhook_id))
        return HttpResponse(status=204)

    @router.post(
        one + "/rotate", response=MadeWebhook, auth=writes, operation_id=operation("rotate")
    )
    @idempotent(status=200)
    def rotate(request: ApiRequest, slug: str, webhook_id: UUID) -> MadeWebhook:
        """Give it a new secret. For a day messages carry signatures by both."""
        webhook = named(request, slug, webhook_id)
        return _made(*webhook_rotate(user=person_of(request), webhook=webhook))

    @router.post(
        one + "/test", response={202: DeliveryOut}, auth=writes, operation_id=operation("test")
    )
    @idempotent(status=202)
    def test(request: ApiRequest, slug: str, webhook_id: UUID) -> DeliveryOut:
        """Send a message of the kind `webhook.test`."""
        return _delivery_out(webhook_test(webhook=named(request, slug, webhook_id)))

    @router.get(
        one + "/deliveries",
        response=DeliveryList,
        auth=reads,
        operation_id=operation("deliveries"),
    )
    def deliveries(
        request: ApiRequest,
        slug: str,
        webhook_id: UUID,
        cursor: CursorParam = None,
        limit: LimitParam = DEFAULT_LIMIT,
    ) -> DeliveryList:
        """What was sent in the last 30 days, the newest first, with every attempt."""
        rows = named(request, slug, webhook_id).deliveries.prefetch_related("log")
        page, next_cursor = newest_first(rows, cursor=cursor, limit=limit)
        return DeliveryList(
            items=[_delivery_out(delivery) for delivery in page], next_cursor=next_cursor
        )

    @router.get(
        one + "/deliveries/{delivery_id}",
        response=DeliveryOut,
        auth=reads,
        operation_id=operation("delivery"),
    )
    def delivery(
        request: ApiRequest, slug: str, webhook_id: UUID, delivery_id: UUID
    ) -> DeliveryOut:
        """One message, and every attempt to deliver it."""
        webhook = named(request, slug, webhook_id)
        return _delivery_out(delivery_get(webhook=webhook, delivery_id=delivery_id))

    @router.post(
        one + "/deliveries/{delivery_id}/replay",
        response={202: DeliveryOut},
        auth=writes,
        operation_id=operation("replay"),
    )
    @idempotent(status=202)
    def replay(request: ApiRequest, slug: str, webhook_id: UUID, delivery_id: UUID) -> DeliveryOut:
        """Send a message again: the same bytes, under the same id."""
        webhook = named(request, slug, webhook_id)
        return _delivery_out(delivery_replay(webhook=webhook, delivery_id=delivery_id))

    return router


PLACES = (
    Place("team", "team", Scope.READ, Scope.SUBMIT, team_subject),
    Place("host", "host", Scope.HOST, Scope.HOST, hosts_subject),
)
routers = [webhook_router(place) for place in PLACES]
