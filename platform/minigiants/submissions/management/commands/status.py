"""`manage.py status`: how database, broker, queues and workers are."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from minigiants.submissions.health import installation_state


class Command(BaseCommand):
    help = "Shows the health of database, broker, queues and workers."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        state = installation_state(user=None)
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
