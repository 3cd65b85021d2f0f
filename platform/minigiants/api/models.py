"""What the API remembers of requests."""

from typing import ClassVar

from django.conf import settings
from django.db import models


class IdempotencyRecord(models.Model):
    """The answer to a request that carried an Idempotency-Key. `status` is 0 while it runs."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of method, path and body")
    status = models.PositiveSmallIntegerField(default=0)
    body = models.TextField(blank=True, default="", help_text="Sealed: core.sealing")
    locked_until = models.DateTimeField(help_text="Until then the first request may still run")
    expires_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "key"], name="idempotency_key_once")
        ]
        indexes: ClassVar = [models.Index(fields=["user", "expires_at"], name="idempotency_expiry")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.key}"
