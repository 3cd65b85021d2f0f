"""Who the workers are: their credentials, and what those that are there offer."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from evaluator.contract import Limits, Presence, Role
from minigiants.config.celery import app as celery
from minigiants.core.audit import audit_write
from minigiants.core.problems import NotPermitted
from minigiants.core.queries import one_or_none
from minigiants.submissions.models import WorkerKey, WorkerPresence
from minigiants.submissions.problems import InvalidWorkerKey, WorkersTooSmall

BASELINES_TASK = "submissions.baselines_catch_up"
"""Sent when a profile can run a format that it could not run before, and not everywhere can."""

RUN_EVERYWHERE = frozenset({"onnx", "predictions"})
"""Formats that every predict worker runs. `python` needs a container, `transformers` torch."""


@dataclass(frozen=True)
class Capacity:
    """What the workers of a profile that were lately seen offer together.

    `slots` counts where jobs can begin: a worker that is hindered will run its formats again, but
    not now. `memory_bytes` is that of the largest machine, None where a worker does not tell.
    """

    profile: str
    workers: int
    slots: int
    formats: frozenset[str]
    memory_bytes: int | None

    def lacks(self, name: str) -> bool:
        """Whether there are workers, and none of them can run the format `name`."""
        return self.workers > 0 and name not in self.formats

    def require_memory(self, limits: Limits, *, mend: str | None = None) -> None:
        """Raise WorkersTooSmall if there are workers, and each has less memory than the limit.

        Fewer CPUs are no hindrance: a model then gets all that there are. `mend` takes the place
        of the problem's own.
        """
        if self.memory_bytes is not None and self.memory_bytes < limits.memory_bytes:
            raise WorkersTooSmall(
                f"Models may use {limits.memory_bytes / 2**20:g} MiB, and every worker of the "
                f"profile {self.profile} has less.",
                mend=mend,
            )


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def worker_key_register(*, role: Role, profile: str, name: str, secret: str) -> WorkerKey:
    """Make `secret` the credential called `name` of this role and profile.

    The earlier credential of that name, if it differs, is revoked. Registering the same twice
    changes nothing. Raises ValueError for a secret that is too short to be safe.
    """
    if len(secret) < 32:
        raise ValueError("A worker's secret needs at least 32 characters.")
    others = WorkerKey.objects.filter(
        role=role, profile=profile, name=name, revoked_at__isnull=True
    ).exclude(digest=_digest(secret))
    others.update(revoked_at=timezone.now())
    key, created = WorkerKey.objects.get_or_create(
        digest=_digest(secret), defaults={"role": role, "profile": profile, "name": name}
    )
    if (key.role, key.profile) != (role, profile):
        raise ValueError("This secret already belongs to another role or profile.")
    if created:
        audit_write(actor=None, action="worker_key.register", target=key, name=name)
    return key


def worker_authenticate(*, secret: str) -> WorkerKey:
    """The credential that `secret` is. Raises InvalidWorkerKey."""
    key = one_or_none(WorkerKey.objects.filter(digest=_digest(secret), revoked_at__isnull=True))
    if key is None:
        raise InvalidWorkerKey("The bearer token is not known.")
    return key


def presence_record(*, key: WorkerKey, presence: Presence) -> WorkerPresence:
    """Note that a worker is there. Raises NotPermitted when it claims another role or profile."""
    if (presence.role, presence.profile) != (key.role, key.profile):
        raise NotPermitted(f"This credential is for {key.role}.{key.profile}.")
    could_run = capacity_of(profile=key.profile).formats
    machine = presence.machine
    gpu = machine.gpu if machine else None
    row, _ = WorkerPresence.objects.update_or_create(
        key=key,
        name=presence.worker,
        defaults={
            "slots": presence.slots,
            "strength": presence.strength or "",
            "formats": list(presence.formats),
            "cpus": machine.cpus if machine else None,
            "memory_bytes": machine.memory_bytes if machine else None,
            "gpu": gpu.kind if gpu else "",
            "gpu_memory_bytes": gpu.memory_bytes if gpu else None,
            "hindrance": presence.hindrance,
            "version": presence.version,
            "seen_at": timezone.now(),
        },
    )
    if set(presence.formats) - could_run - RUN_EVERYWHERE:
        transaction.on_commit(lambda: celery.send_task(BASELINES_TASK), robust=True)
    return row


def present_workers() -> QuerySet[WorkerPresence]:
    """The workers that were seen lately."""
    horizon = timezone.now() - timedelta(seconds=settings.PRESENCE_SECONDS)
    return WorkerPresence.objects.select_related("key").filter(
        seen_at__gte=horizon, key__revoked_at__isnull=True
    )


def capacity_of(*, profile: str) -> Capacity:
    """What the predict workers of a profile offer at present."""
    workers: Sequence[WorkerPresence] = list(
        present_workers().filter(key__role=Role.PREDICT, key__profile=profile)
    )
    memory = [worker.memory_bytes for worker in workers]
    return Capacity(
        profile=profile,
        workers=len(workers),
        slots=sum(worker.slots for worker in workers if not worker.hindrance),
        formats=frozenset(name for worker in workers for name in worker.formats),
        memory_bytes=None if None in memory else max(filter(None, memory), default=None),
    )
