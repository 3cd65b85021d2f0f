"""`manage.py status`: how database, broker, queues and workers are."""

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, connection
from redis import Redis
from redis.exceptions import RedisError

from evaluator.contract import Role
from minigiants.submissions.lifecycle import Status
from minigiants.submissions.models import Evaluation
from minigiants.submissions.workers import present_workers


def gather() -> dict[str, Any]:
    """The state of each part. `healthy`: all answer, and a worker of each role is there."""
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
    roles = {worker["role"] for worker in state["workers"]}
    state["healthy"] = (
        state["database"] == "ok"
        and state["broker"] == "ok"
        and roles == {role.value for role in Role}
    )
    return state


class Command(BaseCommand):
    help = "Shows the health of database, broker, queues and workers."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        state = gather()
        if options["json"]:
            self.stdout.write(json.dumps(state))
            return
        for part in ("database", "broker"):
            self.stdout.write(f"{part}: {state[part]}")
        for queue, length in state["queues"].items():
            self.stdout.write(f"{queue}: {length}")
        for worker in state["workers"]:
            sandbox = f", sandbox {worker['strength']}" if worker["strength"] else ""
            self.stdout.write(
                f"worker {worker['name']}: {worker['role']}.{worker['profile']}{sandbox}"
            )
