"""Writing the audit log."""

from typing import Any
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Model

from minigiants.core.models import AuditEntry


def audit_write(
    *,
    actor: AbstractBaseUser | None,
    action: str,
    target: Model,
    competition_id: UUID | None = None,
    **detail: Any,
) -> AuditEntry:
    """Record that `actor` (None: the platform itself) did `action` to `target`.

    `competition_id` is the competition whose hosts may read of it, where `target` is not that
    competition itself.
    """
    return AuditEntry.objects.create(
        actor_id=actor.pk if actor is not None else None,
        action=action,
        target_type=target._meta.label_lower,  # noqa: SLF001  (Django's documented interface)
        target_id=str(target.pk),
        competition_id=competition_id,
        detail=detail,
    )
