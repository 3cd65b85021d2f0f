"""What hosts do with a pack that comes as an archive: check, publish, and take it back."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from django.db import transaction

from minigiants.accounts.models import User
from minigiants.competitions.models import PackVersion
from minigiants.competitions.pack import PackSpec
from minigiants.competitions.pack_archive import unpacked
from minigiants.competitions.pack_checks import data_check
from minigiants.competitions.pack_data import BUILT
from minigiants.competitions.pack_folder import SPECIFICATION, PackFolder, read_pack
from minigiants.competitions.pack_yaml import located
from minigiants.competitions.problems import PackFault, PackRefused
from minigiants.competitions.services import pack_freeze, require_publish, version_serve
from minigiants.submissions.baseline_inspection import baselines_inspect
from minigiants.submissions.baseline_proofs import baselines_changed
from minigiants.submissions.baselines import BaselineResult, baselines_hand_in
from minigiants.submissions.models import Trial
from minigiants.submissions.rescoring import Offer, rescore_offer
from minigiants.submissions.trials import trial_start


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
        _, refused = baselines_inspect(pack)
        with _told_together(pack, refused):
            checked = data_check(pack, folder / BUILT, Path(scratch))
        return PackReport(
            spec=pack.spec,
            warnings=located(checked.warnings, pack.text, SPECIFICATION),
            public_rows=checked.public_rows,
            private_rows=checked.private_rows,
            usages=checked.usages,
            baselines=_baselines(pack),
        )


@contextmanager
def _told_together(pack: PackFolder, others: Sequence[PackFault]) -> Iterator[None]:
    """Tell the faults that the body finds, and `others`, in one refusal with all their lines."""
    found: Sequence[PackFault] = ()
    try:
        yield
    except PackRefused as refused:
        found = refused.faults
    if found or others:
        raise PackRefused(located([*found, *others], pack.text, SPECIFICATION))


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


def archive_publish(*, slug: str, archive: BinaryIO, actor: User) -> Published | Trial:
    """Publish a pack from an archive: at once, or when its baselines have scored as announced.

    It serves at once where nothing that their scores follow from has changed, or where it has
    served before. Else workers try them first, and what was published before goes on serving.
    Raises NotPermitted, PackRefused, WorkersTooSmall.
    """
    require_publish(actor=actor, slug=slug)
    with unpacked(archive, slug=slug) as folder:
        pack = read_pack(folder)
        accepted, refused = baselines_inspect(pack)
        # In one go: what serves may not change between the comparison and what follows of it.
        with transaction.atomic():
            with _told_together(pack, refused):
                version = pack_freeze(pack=pack, built=folder / BUILT, actor=actor)
            changed = _unproven(version)
            if changed:
                return trial_start(version=version, accepted=accepted, changed=changed, actor=actor)
            version_serve(version=version, actor=actor)
        return published(version, folder)


def _unproven(version: PackVersion) -> list[int]:
    if version.served_at is not None:
        return []
    return baselines_changed(version=version, serving=version.competition.current_version)


def published(version: PackVersion, folder: Path) -> Published:
    """Hand in the baselines of the pack in `folder`, now that `version` of it serves."""
    results = baselines_hand_in(competition=version.competition, folder=folder)
    return Published(version, results, rescore_offer(competition=version.competition))
