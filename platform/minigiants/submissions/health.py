"""How the parts of this installation are."""

from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from redis import Redis
from redis.exceptions import RedisError

from evaluator.contract import Role
from minigiants.accounts.models import User
from minigiants.core.problems import NotPermitted
from minigiants.submissions.lifecycle import Status
from minigiants.submissions.models import Evaluation
from minigiants.submissions.workers import present_workers


def installation_state(*, user: User | None) -> dict[str, Any]:
    """The state of each part. `healthy`: all answer, and of each role a worker takes jobs.

    `user` None is the operator at the server's command line. Raises NotPermitted for all but staff.
    """
    if user is not None and not (user.is_active and user.is_staff):
        raise NotPermitted("This is for the operators.", mend="Ask one of them.")
    state: dict[str, Any] = {"database": "ok", "broker": "ok", "queues": {}, "workers": []}
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        state["queues"] = {
            status.value: Evaluation.objects.filter(status=status).count()
            for status in (Status.QUEUED, Status.PREDICTING, Status.SCORING)
        }
        state["workers"] = [
            {
                "name": worker.name,
                "role": worker.key.role,
                "profile": worker.key.profile,
                "slots": worker.slots,
                "strength": worker.strength,
                "formats": worker.formats,
                "cpus": worker.cpus,
                "memory_bytes": worker.memory_bytes,
                "gpu": worker.gpu,
                "gpu_memory_bytes": worker.gpu_memory_bytes,
                "hindrance": worker.hindrance,
                "seen_at": worker.seen_at.isoformat(),
            }
            for worker in present_workers()
        ]
    except DatabaseError as error:
        state["database"] = str(error)
    try:
        Redis.from_url(settings.BROKER_URL).ping()
    except RedisError as error:
        state["broker"] = str(error)
    roles = {worker["role"] for worker in state["workers"] if not worker["hindrance"]}
    state["healthy"] = (
        state["database"] == "ok"
        and state["broker"] == "ok"
        and roles == {role.value for role in Role}
    )
    return state
