"""What hosts do with a pack that comes as an archive: check, publish, and take it back."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from minigiants.accounts.models import User
from minigiants.competitions.models import PackVersion
from minigiants.competitions.pack import PackSpec
from minigiants.competitions.pack_archive import unpacked
from minigiants.competitions.pack_checks import CheckedData, data_check
from minigiants.competitions.pack_data import BUILT
from minigiants.competitions.pack_folder import SPECIFICATION, PackFolder, read_pack
from minigiants.competitions.pack_yaml import located
from minigiants.competitions.problems import PackFault, PackRefused
from minigiants.competitions.services import pack_serve, require_publish
from minigiants.submissions.baselines import BaselineResult, baselines_hand_in
from minigiants.submissions.rescoring import Offer, rescore_offer


@dataclass(frozen=True)
class BaselineLine:
    """A baseline of a checked pack, and the line of competition.yaml on which it begins."""

    folder: str
    title: str
    score: float
    tolerance: float
    line: int | None


@dataclass(frozen=True)
class PackReport:
    """A pack that can be published. `usages` has a letter for each row of the labels: u where it
    counts for the public score, v for the private one, d for a document, which counts for neither.
    """

    spec: PackSpec
    warnings: Sequence[PackFault]
    public_rows: int
    private_rows: int
    usages: str
    baselines: Sequence[BaselineLine]


@dataclass(frozen=True)
class Published:
    """A version that serves, what became of its baselines, and the rescore that it calls for."""

    version: PackVersion
    baselines: Sequence[BaselineResult]
    offer: Offer


def archive_check(*, slug: str, archive: BinaryIO, actor: User) -> PackReport:
    """Check a pack as publishing would, and change nothing. Raises NotPermitted, PackRefused."""
    require_publish(actor=actor, slug=slug)
    with unpacked(archive, slug=slug) as folder, TemporaryDirectory() as scratch:
        pack = read_pack(folder)
        checked = _checked(pack, Path(scratch))
        return PackReport(
            spec=pack.spec,
            warnings=located(checked.warnings, pack.text, SPECIFICATION),
            public_rows=checked.public_rows,
            private_rows=checked.private_rows,
            usages=checked.usages,
            baselines=_baselines(pack),
        )


def _checked(pack: PackFolder, scratch: Path) -> CheckedData:
    try:
        return data_check(pack, pack.folder / BUILT, scratch)
    except PackRefused as refused:
        raise PackRefused(located(refused.faults, pack.text, SPECIFICATION)) from refused


def _baselines(pack: PackFolder) -> list[BaselineLine]:
    places = [
        PackFault(SPECIFICATION, None, f"baselines[{position}]", "")
        for position in range(len(pack.spec.baselines))
    ]
    lines = [fault.line for fault in located(places, pack.text, SPECIFICATION)]
    return [
        BaselineLine(each.folder, each.title, each.score, each.tolerance, line)
        for each, line in zip(pack.spec.baselines, lines, strict=True)
    ]


def archive_publish(*, slug: str, archive: BinaryIO, actor: User) -> Published:
    """Publish a pack from an archive and hand its baselines in, for workers to evaluate.

    Either the whole new version serves afterwards, or what was published before goes on serving.
    Raises NotPermitted, PackRefused.
    """
    require_publish(actor=actor, slug=slug)
    with unpacked(archive, slug=slug) as folder:
        pack = read_pack(folder)
        try:
            version = pack_serve(pack=pack, built=folder / BUILT, actor=actor)
        except PackRefused as refused:
            raise PackRefused(located(refused.faults, pack.text, SPECIFICATION)) from refused
        results = baselines_hand_in(competition=version.competition, folder=folder)
    return Published(version, results, rescore_offer(competition=version.competition))
