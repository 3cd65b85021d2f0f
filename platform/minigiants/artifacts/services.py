"""From announced files to an artifact: whole, or not at all."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from evaluator.contract import composite_digest
from evaluator.inspection import detect_format, folder_files
from minigiants.accounts.models import User
from minigiants.artifacts.inspection import artifact_inspect
from minigiants.artifacts.models import (
    Artifact,
    ArtifactFile,
    Blob,
    UploadFile,
    UploadSession,
)
from minigiants.artifacts.open_uploads import require_part, upload_file, upload_open
from minigiants.artifacts.part_store import PartAddress, part_store
from minigiants.artifacts.problems import (
    TooManyFiles,
    TooManyUploads,
    UploadClosed,
    UploadIncomplete,
    UploadTooLarge,
)
from minigiants.artifacts.selectors import artifact_files, upload_files, upload_get
from minigiants.competitions.models import Competition, PackFile
from minigiants.competitions.participation import require_rules_accepted
from minigiants.competitions.selectors import spec_of
from minigiants.core.blob_digests import blobs_hold
from minigiants.core.blobstore import store_file
from minigiants.core.problems import InvalidInput
from minigiants.teams.models import Team
from minigiants.teams.services import team_lock, team_of_user

MAX_OPEN_UPLOADS = 16


@dataclass(frozen=True)
class AnnouncedFile:
    """A file that a client is about to send. With `digest` it may turn out to be there already."""

    path: str
    size: int
    digest: str | None = None


@transaction.atomic
def upload_create(
    *, user: User, competition: Competition, files: Sequence[AnnouncedFile]
) -> UploadSession:
    """Open an upload of `files` for the team of `user`.

    Raises RulesNotAccepted, UploadTooLarge, TooManyFiles, TooManyUploads, InvalidInput.
    """
    require_rules_accepted(user=user, competition=competition)
    _check_announced(files, competition)
    team = team_lock(team_id=team_of_user(user=user, competition=competition).pk)
    now = timezone.now()
    if team.uploads.filter(status="open", expires_at__gt=now).count() >= MAX_OPEN_UPLOADS:
        raise TooManyUploads(f"{MAX_OPEN_UPLOADS} uploads of {team.name} are open.")
    session = UploadSession.objects.create(
        team=team, created_by=user, expires_at=now + timedelta(seconds=settings.UPLOAD_SECONDS)
    )
    known = _known_blobs(team, {file.digest for file in files if file.digest})
    UploadFile.objects.bulk_create(
        UploadFile(
            session=session,
            position=position,
            path=file.path,
            size=file.size,
            blob=_match(known, file),
        )
        for position, file in enumerate(files)
    )
    return session


def _check_announced(files: Sequence[AnnouncedFile], competition: Competition) -> None:
    limits = spec_of(competition).upload
    if not files:
        raise InvalidInput("No files were announced.", mend="Choose a folder that is not empty.")
    if len(files) > limits.max_files:
        raise TooManyFiles(f"{len(files)} files; {limits.max_files} are allowed.")
    total = sum(file.size for file in files)
    if total > limits.max_bytes:
        raise UploadTooLarge(f"{total:,} bytes; {limits.max_bytes:,} are allowed.")
    if len({file.path for file in files}) != len(files):
        raise InvalidInput("Two files have the same path.", mend="Send each file once.")


def _known_blobs(team: Team, digests: set[str]) -> dict[str, Blob]:
    # Only what this team sent before, or what everybody may download: a wider net would tell
    # strangers which files exist.
    if not digests:
        return {}
    blobs_hold(digests)
    own = ArtifactFile.objects.filter(artifact__team=team, blob_id__in=digests)
    published = PackFile.objects.filter(
        version__competition_id=team.competition_id,
        role=PackFile.Role.PUBLIC,
        digest__in=digests,
    )
    Blob.objects.bulk_create(
        (Blob(digest=file.digest, size=file.size) for file in published), ignore_conflicts=True
    )
    allowed = {*own.values_list("blob_id", flat=True), *published.values_list("digest", flat=True)}
    return Blob.objects.in_bulk(allowed)


def _match(known: dict[str, Blob], file: AnnouncedFile) -> Blob | None:
    blob = known.get(file.digest or "")
    return blob if blob is not None and blob.size == file.size else None


def upload_complete(*, user: User, upload_id: UUID) -> Artifact:
    """Make an artifact of an upload whose parts are all there, and inspect it.

    Completing twice answers the same artifact, and a completion that was cut short goes on.
    Raises NotFound, UploadClosed, UploadIncomplete, PartMismatch.
    """
    session = upload_get(user=user, upload_id=upload_id)
    with transaction.atomic():
        session = UploadSession.objects.select_for_update().get(pk=session.pk)
        artifact = session.artifact
        if artifact is None:
            artifact = _assemble(upload_open(session.pk))
    part_store().discard(session.pk)
    version = artifact.team.competition.current_version
    if version is None:
        raise UploadClosed("The competition is not published any more.")
    artifact_inspect(artifact=artifact, version=version)
    return artifact


def _assemble(session: UploadSession) -> Artifact:
    missing = {file.path: list(file.missing) for file in upload_files(session) if file.missing}
    if missing:
        count = sum(len(parts) for parts in missing.values())
        raise UploadIncomplete(f"{count} parts have not arrived.", missing=missing)
    blobs = {file.path: _blob_of(file) for file in session.files.select_related("blob")}
    manifest = _manifest_digest({path: blob.digest for path, blob in blobs.items()})
    artifact, created = Artifact.objects.get_or_create(
        team_id=session.team_id,
        manifest_digest=manifest,
        defaults={
            "uploaded_by_id": session.created_by_id,
            "size": sum(blob.size for blob in blobs.values()),
            "format": "",
        },
    )
    if created:
        ArtifactFile.objects.bulk_create(
            ArtifactFile(artifact=artifact, path=path, blob=blob) for path, blob in blobs.items()
        )
        artifact.format = detect_format(artifact_files(artifact)) or ""
        artifact.save(update_fields=["format"])
    session.artifact = artifact
    session.status = UploadSession.Status.COMPLETE
    session.save(update_fields=["artifact", "status"])
    return artifact


def _blob_of(file: UploadFile) -> Blob:
    if file.blob is not None:
        return file.blob
    digest = composite_digest(bytes(part.sha256) for part in file.parts.order_by("number"))
    blobs_hold([digest])
    part_store().assemble(file, digest)
    blob, _ = Blob.objects.get_or_create(digest=digest, defaults={"size": file.size})
    return blob


def _manifest_digest(digests: dict[str, str]) -> str:
    lines = (f"{digests[path]} {path}\n" for path in sorted(digests))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def upload_abort(*, user: User, upload_id: UUID) -> None:
    """Give an open upload up. Nothing of it remains. Raises NotFound, UploadClosed."""
    session = upload_get(user=user, upload_id=upload_id)
    if not _expire(session.pk):
        raise UploadClosed(f"Its status is {session.status}.")


def uploads_sweep() -> int:
    """Remove the uploads whose time is over. Returns how many there were.

    Parts that outlived their upload are removed too: of a request that was still writing when the
    upload ended, or of a process that was killed between the two.
    """
    overdue = UploadSession.objects.filter(
        status=UploadSession.Status.OPEN, expires_at__lte=timezone.now()
    )
    swept = sum(_expire(pk) for pk in overdue.values_list("pk", flat=True))
    # The parts are listed first: what is open then may not be touched, and nothing opens again.
    found = part_store().sessions()
    is_open = UploadSession.objects.filter(pk__in=found, status=UploadSession.Status.OPEN)
    for session_id in found - set(is_open.values_list("pk", flat=True)):
        part_store().discard(session_id)
    return swept


def _expire(session_id: UUID) -> bool:
    changed = UploadSession.objects.filter(pk=session_id, status=UploadSession.Status.OPEN).update(
        status=UploadSession.Status.EXPIRED
    )
    if changed:
        part_store().discard(session_id)
    return bool(changed)


@transaction.atomic
def part_address(
    *, user: User, upload_id: UUID, position: int, number: int, sha256: str
) -> PartAddress:
    """Where to send a part of the bytes that `sha256` (hex) is the hash of.

    Raises NotFound, UploadClosed, FileKnown, PartConflict.
    """
    session = upload_open(upload_get(user=user, upload_id=upload_id).pk, lock=True)
    file = upload_file(session, position)
    require_part(file, number)
    return part_store().address(file, number, sha256=bytes.fromhex(sha256))


def artifact_store(*, user: User, competition: Competition, folder: Path) -> Artifact:
    """Make an artifact of a local folder, as an upload whose files are all there already.

    For what the operators hand in themselves, such as a pack's baselines.
    """
    files = folder_files(folder)
    announced = [AnnouncedFile(path=file.path, size=file.size) for file in files]
    session = upload_create(user=user, competition=competition, files=announced)
    for row, file in zip(session.files.order_by("position"), files, strict=True):
        with transaction.atomic():
            stored = store_file(file.location)
            row.blob, _ = Blob.objects.get_or_create(
                digest=stored.digest, defaults={"size": stored.size}
            )
            row.save(update_fields=["blob"])
    return upload_complete(user=user, upload_id=session.pk)
