"""`manage.py prepare`: brings an installation up to date in one process.

It applies the migrations, registers the workers' keys and, if asked to, seeds. Each part may run
at every start; together they start Django once instead of four times.
"""

import os
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from evaluator.contract import Role
from minigiants.submissions.workers import worker_key_register

KEYS = "MINIGIANTS_WORKER_KEYS"


class Command(BaseCommand):
    help = (
        "Applies migrations, registers the workers' keys and seeds. The keys are read from "
        f"{KEYS}: predict.cpu=SECRET,score.cpu=SECRET,…"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--seed", type=Path, metavar="FILE", help="seed too; demo accounts are written to FILE"
        )
        parser.add_argument(
            "--competitions", nargs="+", metavar="SLUG", help="what to seed; without it, all packs"
        )

    def handle(
        self, *args: Any, seed: Path | None, competitions: list[str] | None, **options: Any
    ) -> None:
        call_command("migrate", interactive=False, stdout=self.stdout)
        for entry in filter(None, os.environ.get(KEYS, "").split(",")):
            queue, _, secret = entry.partition("=")
            self._register(queue, secret)
        if seed is not None:
            call_command(
                "seed",
                json_file=seed,
                competitions=competitions,
                stdout=self.stdout,
                stderr=self.stderr,
            )

    def _register(self, queue: str, secret: str) -> None:
        role, _, profile = queue.partition(".")
        try:
            key = worker_key_register(
                role=Role(role), profile=profile, name="prepared", secret=secret
            )
        except ValueError as error:
            raise CommandError(f"{KEYS} holds no key for `{queue}`: {error}") from error
        self.stdout.write(f"{key} is registered.")
