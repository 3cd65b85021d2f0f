"""What people are told, and webhooks with what was sent to them."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from minigiants.accounts.preferences import MailKind
from minigiants.competitions.models import Competition
from minigiants.core.models import Entity, OutboxEvent
from minigiants.teams.models import Team

NOTICE_TITLE_CHARACTERS = 300
URL_CHARACTERS = 2000
DESCRIPTION_CHARACTERS = 120


class Notice(Entity):
    """What a person is told on the site, and by mail where that is wanted."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices"
    )
    kind = models.CharField(max_length=16, choices=MailKind.choices)
    title = models.CharField(max_length=NOTICE_TITLE_CHARACTERS)
    text = models.TextField(blank=True)
    path = models.CharField(max_length=300, help_text="Where on this site there is more")
    read_at = models.DateTimeField(null=True, blank=True)
    mailed_at = models.DateTimeField(null=True, blank=True, help_text="Or found not to be wanted")

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["user", "-id"], name="notice_list"),
            models.Index(
                fields=["user"], name="notice_unread", condition=models.Q(read_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Webhook(Entity):
    """An address that hears of a team's events, or, for its hosts, of a whole competition's.

    Exactly one of `team` and `competition` is set. What is sent is frozen in `Delivery`.
    """

    class Disabled(models.TextChoices):
        NO = "", "Sends"
        BY_PERSON = "by_person", "Switched off"
        FAILING = "failing", "Switched off: nothing could be delivered"
        GONE = "gone", "Switched off: the address answered 410 Gone"
        OWNER_LEFT = "owner_left", "Switched off: who made it may not have it any more"

    team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.CASCADE, related_name="webhooks"
    )
    competition = models.ForeignKey(
        Competition, null=True, blank=True, on_delete=models.CASCADE, related_name="webhooks"
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="webhooks"
    )
    url = models.CharField(max_length=URL_CHARACTERS)
    description = models.CharField(max_length=DESCRIPTION_CHARACTERS, blank=True, default="")
    kinds = ArrayField(
        models.CharField(max_length=64), default=list, blank=True, help_text="Empty: all"
    )
    sealed_secret = models.TextField(help_text="core.sealing")
    sealed_previous = models.TextField(blank=True, default="", help_text="core.sealing")
    previous_until = models.DateTimeField(null=True, blank=True)
    disabled = models.CharField(
        max_length=16, choices=Disabled.choices, blank=True, default=Disabled.NO
    )
    failures = models.PositiveIntegerField(default=0, help_text="Attempts since the last success")
    last_success_at = models.DateTimeField(null=True, blank=True)
    busy_until = models.DateTimeField(
        default=timezone.now, help_text="Until then nothing is sent: it rests, or is being sent to"
    )

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(team__isnull=True) ^ models.Q(competition__isnull=True),
                name="webhook_of_one",
            )
        ]

    def __str__(self) -> str:
        return self.url

    @property
    def is_enabled(self) -> bool:
        """Whether it is sent to."""
        return self.disabled == self.Disabled.NO


class Delivery(Entity):
    """One message to one webhook: each attempt sends the same bytes under the same id."""

    class Status(models.TextChoices):
        PENDING = "pending", "Waits"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Given up"

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    event = models.ForeignKey(
        OutboxEvent,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="None: a test",
    )
    kind = models.CharField(max_length=64)
    body = models.TextField(help_text="The JSON that is sent")
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0, help_text="Since it last began")
    next_attempt_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["webhook", "event"], name="delivery_once")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["next_attempt_at"],
                name="delivery_due",
                condition=models.Q(status="pending"),
            ),
            models.Index(fields=["created_at"], name="delivery_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.webhook_id}"

    @property
    def message_id(self) -> str:
        """The `webhook-id` of every attempt."""
        return f"msg_{self.pk.hex}"


class Attempt(models.Model):
    """One try to deliver, and how it ended. Nothing of what the receiver answered is kept."""

    id = models.BigAutoField(primary_key=True)
    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="log")
    at = models.DateTimeField(default=timezone.now)
    seconds = models.FloatField()
    response_status = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(
        max_length=32, blank=True, default="", help_text="A code of notifications.sending.Fault"
    )

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"{self.delivery_id}: {self.response_status or self.error}"
