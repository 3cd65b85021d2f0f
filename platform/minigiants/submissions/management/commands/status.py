"""`manage.py status`: how database, broker, queues and workers are."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from minigiants.submissions.health import installation_state

GIBIBYTE = 1024**3


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
                f"{_machine(worker)}"
            )
            if worker["hindrance"]:
                self.stdout.write(f"  takes no work: {worker['hindrance']}")


def _machine(worker: dict[str, Any]) -> str:
    if worker["memory_bytes"] is None:
        return ""
    told = f", {worker['cpus']:g} CPUs, {worker['memory_bytes'] / GIBIBYTE:.1f} GiB"
    if worker["gpu"]:
        told += f", {worker['gpu']} with {worker['gpu_memory_bytes'] / GIBIBYTE:.1f} GiB"
    return told
