"""`manage.py collect_blobs`: removes what lies in the store and is needed by nobody."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from minigiants.artifacts.collection import GRACE, blobs_collect


class Command(BaseCommand):
    help = f"Removes blobs that no row names and that are older than {GRACE.days} days."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only print what would go")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        gone = blobs_collect(dry_run=dry_run)
        for blob in gone:
            self.stdout.write(f"{blob.digest} {blob.size}")
        verb = "would go" if dry_run else "removed"
        self.stdout.write(f"{len(gone)} blobs {verb}, {sum(blob.size for blob in gone)} bytes.")
