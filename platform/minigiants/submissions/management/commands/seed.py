"""`manage.py seed`: publishes the packs of this installation and hands their baselines in."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from minigiants.accounts.demo_accounts import demo_accounts_make
from minigiants.competitions.pack_folder import SPECIFICATION
from minigiants.competitions.services import pack_publish
from minigiants.core.problems import Problem
from minigiants.submissions.baselines import Outcome, baselines_hand_in


class Command(BaseCommand):
    help = (
        "Publishes every pack in MINIGIANTS_PACKS and hands in their baselines. What is there "
        "already stays as it is, so it may run at every start."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--json-file",
            type=Path,
            metavar="FILE",
            help="Also make the demo accounts; their random passwords are written to FILE, once.",
        )
        parser.add_argument(
            "--competitions",
            nargs="+",
            metavar="SLUG",
            help="Seed these packs alone. What is served already stays.",
        )

    def handle(
        self, *args: Any, json_file: Path | None, competitions: list[str] | None, **options: Any
    ) -> None:
        packs = _packs(competitions)
        if json_file is not None:
            for account in demo_accounts_make(file=json_file):
                self.stdout.write(f"account {account.username}: {account.email}, {account.role}")
        failed = [folder.name for folder in packs if not self._seed(folder)]
        if failed:
            raise CommandError(f"Not everything could be seeded: {', '.join(failed)}.")

    def _seed(self, folder: Path) -> bool:
        """Publish one pack and hand its baselines in. Returns whether all went well."""
        try:
            version = pack_publish(folder=folder, actor=None)
            self.stdout.write(f"{folder.name}: version {version.number} serves")
            results = baselines_hand_in(competition=version.competition, folder=folder)
        except Problem as problem:
            self.stderr.write(f"{folder.name}: {problem.title}\n{problem.detail}")
            return False
        for result in results:
            line = f"{folder.name}/{result.baseline.folder}: {result.outcome}"
            if result.outcome is Outcome.REFUSED:
                self.stderr.write(f"{line}. {result.detail}")
            else:
                self.stdout.write(line)
        return all(result.outcome is not Outcome.REFUSED for result in results)


def _packs(wanted: list[str] | None) -> list[Path]:
    found = sorted(path.parent for path in Path(settings.PACKS_ROOT).glob(f"*/{SPECIFICATION}"))
    if wanted is None:
        return found
    missing = set(wanted) - {folder.name for folder in found}
    if missing:
        raise CommandError(
            f"There is no pack {', '.join(sorted(missing))} in {settings.PACKS_ROOT}. "
            f"There are: {', '.join(folder.name for folder in found)}."
        )
    return [folder for folder in found if folder.name in wanted]
