"""`manage.py worker_key --role R --profile P`: makes a secret a worker's credential."""

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evaluator.contract import Role
from minigiants.submissions.workers import worker_key_register


class Command(BaseCommand):
    help = "Registers a worker's credential. The secret is read from MINIGIANTS_WORKER_KEY."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--role", required=True, choices=[role.value for role in Role])
        parser.add_argument("--profile", default="cpu")
        parser.add_argument("--name", default="default")

    def handle(self, *args: Any, **options: Any) -> None:
        secret = os.environ.get("MINIGIANTS_WORKER_KEY", "")
        try:
            key = worker_key_register(
                role=Role(options["role"]),
                profile=options["profile"],
                name=options["name"],
                secret=secret,
            )
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{key} is registered.")
