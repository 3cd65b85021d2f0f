"""`manage.py pack_schema`: the JSON Schema of competition.yaml, for editors."""

import json
from typing import Any

from django.core.management.base import BaseCommand

from minigiants.competitions.pack_schema import pack_schema


class Command(BaseCommand):
    help = "Prints the JSON Schema of competition.yaml."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(json.dumps(pack_schema(), indent=2, ensure_ascii=False))
