"""Writing the audit log."""

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Model

from minigiants.core.models import AuditEntry


def audit_write(
    *, actor: AbstractBaseUser | None, action: str, target: Model, **detail: Any
) -> AuditEntry:
    """Record that `actor` (None: the platform itself) did `action` to `target`."""
    return AuditEntry.objects.create(
        actor_id=actor.pk if actor is not None else None,
        action=action,
        target_type=target._meta.label_lower,  # noqa: SLF001  (Django's documented interface)
        target_id=str(target.pk),
        detail=detail,
    )
