"""`manage.py pack_schema`: the JSON Schema of competition.yaml, for editors."""

import json
from typing import Any

from django.core.management.base import BaseCommand

from minigiants.competitions.pack import PackSpec


class Command(BaseCommand):
    help = "Prints the JSON Schema of competition.yaml."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        schema = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            **PackSpec.model_json_schema(),
        }
        self.stdout.write(json.dumps(schema, indent=2, ensure_ascii=False))
