"""Reading uploads, artifacts and verdicts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO
from uuid import UUID

from django.db.models import QuerySet

from evaluator.inspection import INSPECTOR_VERSION, Verdict
from evaluator.inspection.judgement import DivisionBudget, Judgement, judge
from minigiants.accounts.models import User
from minigiants.artifacts.layout import part_count
from minigiants.artifacts.models import Artifact, Inspection, UploadSession
from minigiants.artifacts.part_store import part_store
from minigiants.competitions.models import Competition, PackVersion
from minigiants.competitions.pack import PackSpec
from minigiants.competitions.policies import may_see
from minigiants.core.blobstore import blob_store
from minigiants.core.problems import NotFound
from minigiants.core.queries import one_or_none


@dataclass(frozen=True)
class StoredFile:
    """A file of an artifact as inspection reads it: its bytes come from the blob store."""

    path: str
    size: int
    digest: str

    def open(self) -> BinaryIO:
        """Its content for reading, seekable."""
        return blob_store().open(self.digest)


@dataclass(frozen=True)
class FileState:
    """An announced file and the numbers of its parts that have not arrived."""

    position: int
    path: str
    size: int
    parts: int
    missing: tuple[int, ...]
    needs_sending: bool


def upload_get(*, user: User, upload_id: UUID) -> UploadSession:
    """An upload of a team that `user` is in, to a competition that they may see.

    Raises NotFound.
    """
    session = one_or_none(
        UploadSession.objects.select_related("team__competition", "artifact").filter(
            pk=upload_id, team__memberships__user=user
        )
    )
    if session is None or not may_see(user=user, competition=session.team.competition):
        raise NotFound("There is no such upload of yours.")
    return session


def upload_files(session: UploadSession) -> list[FileState]:
    """What has arrived of each announced file, in the order of announcement."""
    files = list(session.files.prefetch_related("parts"))
    wanted = [file for file in files if file.blob_id is None and file.size > 0]
    is_open = session.status == UploadSession.Status.OPEN
    arrived = part_store().arrived(wanted) if is_open else {}
    missing = {
        file.position: tuple(
            number
            for number in range(part_count(file.size))
            if number not in arrived.get(file.position, ())
        )
        for file in wanted
        if session.status != UploadSession.Status.COMPLETE
    }
    return [
        FileState(
            position=file.position,
            path=file.path,
            size=file.size,
            parts=part_count(file.size),
            missing=missing.get(file.position, ()),
            needs_sending=file.blob_id is None and file.size > 0,
        )
        for file in files
    ]


def artifact_get(*, user: User, artifact_id: UUID) -> Artifact:
    """An artifact of a team that `user` is in, in a competition that they may see.

    Raises NotFound.
    """
    artifact = one_or_none(
        Artifact.objects.select_related("team__competition__current_version").filter(
            pk=artifact_id, team__memberships__user=user
        )
    )
    if artifact is None or not may_see(user=user, competition=artifact.team.competition):
        raise NotFound("There is no such model of yours.")
    return artifact


def artifact_list(*, user: User, competition: Competition) -> QuerySet[Artifact]:
    """The artifacts of `user`'s team in a competition, newest first."""
    return Artifact.objects.filter(team__competition=competition, team__memberships__user=user)


def artifact_files(artifact: Artifact) -> tuple[StoredFile, ...]:
    """The files of an artifact, sorted by path."""
    return tuple(
        StoredFile(path=file.path, size=file.blob.size, digest=file.blob_id)
        for file in artifact.files.select_related("blob").order_by("path")
    )


def inspection_find(*, artifact: Artifact, version: PackVersion) -> Inspection | None:
    """The verdict of today's inspector on an artifact under a pack version, if it is there."""
    return one_or_none(
        Inspection.objects.select_related("division").filter(
            artifact=artifact, pack_version=version, inspector_version=INSPECTOR_VERSION
        )
    )


def division_budgets(spec: PackSpec) -> Sequence[DivisionBudget]:
    """The divisions of a pack as artifacts meet them."""
    return [
        DivisionBudget(slug=division.slug, title=division.title, budget=division.budget)
        for division in spec.divisions
    ]


def judgement_of(inspection: Inspection, spec: PackSpec) -> Judgement:
    """What the stored verdict means under `spec`: refusals, gauges, the division entered."""
    return judge(
        Verdict.model_validate(inspection.verdict),
        formats=spec.formats,
        divisions=division_budgets(spec),
    )
