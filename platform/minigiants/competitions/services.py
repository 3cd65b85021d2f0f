"""Publishing packs, and accepting rules."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import ProtectedError

from minigiants.accounts.models import User
from minigiants.competitions.models import (
    Competition,
    Division,
    PackFile,
    PackVersion,
    Phase,
    RulesAcceptance,
)
from minigiants.competitions.pack import PackSpec
from minigiants.competitions.pack_data import built_data
from minigiants.competitions.pack_folder import SPECIFICATION, PackFolder, read_pack
from minigiants.competitions.policies import may_publish
from minigiants.competitions.problems import PackFault, PackRefused
from minigiants.competitions.selectors import current_version, rules_digest
from minigiants.core.audit import audit_write
from minigiants.core.blobstore import store_file
from minigiants.core.problems import NotPermitted


def pack_publish(*, folder: Path, actor: User | None) -> PackVersion:
    """Publish the pack in `folder` as the competition that the folder is named after.

    Either a whole new version serves afterwards, or nothing has changed. Content that was
    published before is not published again: its version is returned, and serves from now on.
    The pack's `build_data.py` runs with the rights of this process.

    Raises PackRefused with all faults, and NotPermitted.
    """
    if not may_publish(actor=actor, slug=folder.name):
        raise NotPermitted(
            f"Only its hosts and the staff may publish {folder.name!r}.",
            mend="Ask a host of the competition, or the operators of this server.",
        )
    pack = read_pack(folder)
    with built_data(pack) as files:
        # Bytes first: a row that names a file must find it. If the rows fail, the bytes that
        # remain are reached by nobody, and the next attempt finds them under the same digest.
        stored = [
            PackFile(role=file.role, path=file.path, digest=blob.digest, size=blob.size)
            for file in files
            for blob in [store_file(file.source)]
        ]
    _refuse_public_secrets(stored)
    return _serve_version(pack, stored, actor)


@transaction.atomic
def rules_accept(*, user: User, competition: Competition) -> RulesAcceptance:
    """Record that `user` accepts the rules as they stand now. Once is enough."""
    version = current_version(competition)
    acceptance, is_new = RulesAcceptance.objects.get_or_create(
        user=user, competition=competition, rules_digest=rules_digest(version)
    )
    if is_new:
        audit_write(actor=user, action="rules.accept", target=competition, version=version.number)
    return acceptance


def _refuse_public_secrets(files: Sequence[PackFile]) -> None:
    """A builder that writes hidden bytes to a public place too is mistaken.

    Who publishes the metric's code, on the other hand, does participants a favour.
    """
    open_roles = {PackFile.Role.PUBLIC, PackFile.Role.SMOKE_INPUTS}
    hidden_roles = {PackFile.Role.HIDDEN_INPUTS, PackFile.Role.LABELS}
    public = {file.digest: file.path for file in files if file.role in open_roles}
    faults = [
        PackFault(
            "build_data.py",
            None,
            "",
            f"{file.path} is hidden, but {public[file.digest]} holds the same bytes and is public",
        )
        for file in files
        if file.role in hidden_roles and file.digest in public
    ]
    if faults:
        raise PackRefused(faults)


@transaction.atomic
def _serve_version(pack: PackFolder, files: Sequence[PackFile], actor: User | None) -> PackVersion:
    specification = pack.spec.model_dump(mode="json")
    content_hash = _content_hash(specification, pack.pages, files)
    Competition.objects.get_or_create(slug=pack.slug, defaults={"title": pack.spec.title})
    # The row is the lock: two who publish at once must count versions one after the other.
    competition = Competition.objects.select_for_update().get(slug=pack.slug)
    version = competition.versions.filter(content_hash=content_hash).first()
    if version is None:
        version = PackVersion.objects.create(
            competition=competition,
            number=competition.versions.count() + 1,
            content_hash=content_hash,
            specification=specification,
            pages=pack.pages,
        )
        for file in files:
            file.version = version
        PackFile.objects.bulk_create(files)
    elif competition.current_version_id == version.pk:
        return version
    competition.title = pack.spec.title
    competition.tagline = pack.spec.tagline
    competition.current_version = version
    competition.save(update_fields=["title", "tagline", "current_version"])
    _follow_phases(competition, pack.spec)
    _follow_divisions(competition, pack.spec)
    audit_write(
        actor=actor,
        action="pack.publish",
        target=competition,
        version=version.number,
        content_hash=content_hash,
    )
    return version


def _content_hash(
    specification: dict[str, Any], pages: dict[str, str], files: Sequence[PackFile]
) -> str:
    """SHA-256, as hex, over the specification, the pages and every file's role, path and digest."""
    content = {
        "specification": specification,
        "pages": pages,
        "files": sorted([file.role, file.path, file.digest] for file in files),
    }
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _follow_phases(competition: Competition, spec: PackSpec) -> None:
    for position, phase in enumerate(spec.phases):
        Phase.objects.update_or_create(
            competition=competition,
            slug=phase.slug,
            defaults={
                "position": position,
                "title": phase.title,
                "opens_at": phase.opens,
                "closes_at": phase.closes,
                "reveals_at": phase.reveals,
            },
        )
    named = {phase.slug for phase in spec.phases}
    _drop("phases", [row for row in competition.phases.all() if row.slug not in named])


def _follow_divisions(competition: Competition, spec: PackSpec) -> None:
    for position, division in enumerate(spec.divisions):
        Division.objects.update_or_create(
            competition=competition,
            slug=division.slug,
            defaults={"position": position, "title": division.title},
        )
    named = {division.slug for division in spec.divisions}
    _drop("divisions", [row for row in competition.divisions.all() if row.slug not in named])


def _drop(field: str, rows: Sequence[Phase] | Sequence[Division]) -> None:
    """Remove what a new version no longer names, unless somebody has handed in to it."""
    for row in rows:
        try:
            row.delete()
        except ProtectedError as error:
            raise PackRefused(
                [
                    PackFault(
                        SPECIFICATION,
                        None,
                        field,
                        f"{row.slug!r} is gone, but teams have handed in to it; keep it",
                    )
                ]
            ) from error
