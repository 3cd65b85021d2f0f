"""`manage.py openapi`: writes the API's OpenAPI document, or checks that it is up to date."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from minigiants.api.routes import api


def document() -> str:
    """The document as it is committed: stable, one line a member."""
    return json.dumps(api.get_openapi_schema(path_prefix="api/v1/"), indent=1, default=str) + "\n"


class Command(BaseCommand):
    help = "Write the OpenAPI document to PATH (default: docs/openapi.json)."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", nargs="?", type=Path, default=Path("docs/openapi.json"))
        parser.add_argument("--check", action="store_true", help="write nothing; fail on a change")

    def handle(self, *_args: Any, **options: Any) -> None:
        path: Path = options["path"]
        text = document()
        if options["check"]:
            if not path.is_file() or path.read_text(encoding="utf-8") != text:
                raise CommandError(f"{path} is out of date: run `manage.py openapi` and commit it.")
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        self.stdout.write(f"Wrote {path}.")
