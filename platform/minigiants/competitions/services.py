"""Publishing packs, and accepting rules."""

import hashlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone

from minigiants.accounts.models import User
from minigiants.competitions.models import (
    Admission,
    Competition,
    Division,
    Host,
    PackFile,
    PackVersion,
    Phase,
    RulesAcceptance,
)
from minigiants.competitions.pack import PackSpec
from minigiants.competitions.pack_access import Visibility
from minigiants.competitions.pack_checks import data_check
from minigiants.competitions.pack_columns import table_columns
from minigiants.competitions.pack_data import BuiltFile, built_data, sha256_of, source_files
from minigiants.competitions.pack_folder import SPECIFICATION, PackFolder, read_pack
from minigiants.competitions.policies import ALLOWED, HostAction, may_host, may_publish
from minigiants.competitions.problems import PackChanged, PackFault, PackRefused
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
    require_publish(actor=actor, slug=folder.name)
    pack = read_pack(folder)
    with built_data(pack) as built:
        return pack_serve(pack=pack, built=built, actor=actor)


def require_publish(*, actor: User | None, slug: str) -> None:
    """Raise NotPermitted unless `actor` may publish as `slug`."""
    if not may_publish(actor=actor, slug=slug):
        raise NotPermitted(
            f"Only its hosts and the staff may publish {slug!r}.",
            mend="Ask a host of the competition, or the operators of this server.",
        )


@transaction.atomic
def pack_serve(*, pack: PackFolder, built: Path, actor: User | None) -> PackVersion:
    """Publish a pack whose data lies in the folder `built`. For the rest see `pack_publish`."""
    version = pack_freeze(pack=pack, built=built, actor=actor)
    version_serve(version=version, actor=actor)
    return version


def pack_freeze(
    *,
    pack: PackFolder,
    built: Path,
    actor: User | None,
    replaces: PackVersion | None = None,
) -> PackVersion:
    """Keep a pack, whose data lies in the folder `built`, as a version that may serve later on.

    It is checked in all that serving asks for; what serves now goes on. Content that is a version
    already is not kept twice. Where `replaces` is given and another version serves, raises
    PackChanged; raises PackRefused with all faults, and NotPermitted.
    """
    require_publish(actor=actor, slug=pack.slug)
    with tempfile.TemporaryDirectory(prefix="minigiants-pack-") as scratch:
        checked = data_check(pack, built, Path(scratch))
        with transaction.atomic():
            # Bytes first: a row that names a file must find it. If the rows fail, the bytes that
            # remain are reached by nobody, until they are stored again or collected.
            content = [_stored(file) for file in checked.files]
            sources = [_stored(file) for file in source_files(pack, built)]
            return _frozen_version(pack, content, sources, actor, replaces)


@transaction.atomic
def version_serve(
    *,
    version: PackVersion,
    actor: User | None,
    told: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Let `version` be what its competition goes by from now on.

    `told` is what the audit log says beside the version. Raises NotPermitted, and PackRefused
    where teams have handed in to what it does not name any more.
    """
    competition = _locked(version.competition.slug)
    require_publish(actor=actor, slug=competition.slug)
    if competition.current_version_id == version.pk:
        return
    spec = version.spec
    _require_fixed(competition, spec)
    competition.title = spec.title
    competition.tagline = spec.tagline
    competition.current_version = version
    _follow_visibility(competition, spec.visibility)
    competition.save()
    _follow_places(competition, spec)
    version.served_at = timezone.now()
    version.save(update_fields=["served_at"])
    version.competition = competition
    audit_write(
        actor=actor,
        action="pack.publish",
        target=competition,
        version=version.number,
        content_hash=version.content_hash,
        **told,
    )


@transaction.atomic
def competition_unpublish(*, competition: Competition, actor: User | None) -> None:
    """Take a competition out of sight. Nothing is lost: publishing again brings it back.

    What runs already is scored. Raises NotPermitted.
    """
    require_host(actor=actor, slug=competition.slug, action=HostAction.RUN)
    locked = _locked(competition.slug)
    if locked.current_version is None:
        return
    number = locked.current_version.number
    locked.current_version = None
    locked.save(update_fields=["current_version"])
    audit_write(actor=actor, action="pack.unpublish", target=locked, version=number)


def require_host(*, actor: User | None, slug: str, action: HostAction) -> None:
    """Raise NotPermitted unless the role of `actor` in the competition allows `action`."""
    if not may_host(actor=actor, slug=slug, action=action):
        roles = ", ".join(sorted(role.value for role in ALLOWED[action]))
        raise NotPermitted(
            f"This takes another role among the hosts of {slug!r}.",
            mend=f"Ask an owner for one of the roles: {roles}.",
        )


def _stored(file: BuiltFile) -> PackFile:
    blob = store_file(file.source)
    return PackFile(
        role=file.role,
        path=file.path,
        digest=blob.digest,
        size=blob.size,
        sha256=sha256_of(file.source),
        columns=table_columns(file.source) if file.role == PackFile.Role.PUBLIC else [],
    )


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


def _frozen_version(
    pack: PackFolder,
    files: Sequence[PackFile],
    sources: Sequence[PackFile],
    actor: User | None,
    replaces: PackVersion | None,
) -> PackVersion:
    specification = pack.spec.model_dump(mode="json")
    content_hash = _content_hash(specification, pack.pages, [*files, *_models(pack.spec, sources)])
    founded, is_new = Competition.objects.get_or_create(
        slug=pack.slug, defaults={"title": pack.spec.title}
    )
    if is_new and actor is not None:
        Host.objects.create(competition=founded, user=actor, role=Host.Role.OWNER)
    # Two who publish at once must count versions one after the other.
    competition = _locked(pack.slug)
    if replaces is not None and competition.current_version_id != replaces.pk:
        raise PackChanged(f"You have edited version {replaces.number}, which serves no more.")
    _require_servable(competition, pack.spec)
    version = competition.versions.filter(content_hash=content_hash).first()
    if version is None:
        version = PackVersion.objects.create(
            competition=competition,
            number=competition.versions.count() + 1,
            content_hash=content_hash,
            specification=specification,
            specification_text=pack.text,
            pages=pack.pages,
        )
        _add_files(version, [*files, *sources])
    else:
        # What trains the baselines may change without a change of what people are asked.
        version.files.filter(role=PackFile.Role.SOURCE).delete()
        _add_files(version, sources)
    return version


def _locked(slug: str) -> Competition:
    """The competition, whose row is the lock of all that publishes."""
    return (
        Competition.objects.select_for_update(of=("self",))
        .select_related("current_version")
        .get(slug=slug)
    )


def _require_servable(competition: Competition, spec: PackSpec) -> None:
    """Refuse now what `version_serve` would refuse."""
    _require_fixed(competition, spec)
    with transaction.atomic():
        _follow_places(competition, spec)
        transaction.set_rollback(True)


def _require_fixed(competition: Competition, spec: PackSpec) -> None:
    """Refuse to change, once a phase has opened, what scores are told and records are kept by."""
    current = competition.current_version
    opened = competition.phases.filter(opens_at__lte=timezone.now()).exists()
    if current is None or not opened:
        return
    before = current.spec
    faults = [
        PackFault(SPECIFICATION, None, field, "a phase has opened, and this was fixed before")
        for field, is_kept in (
            ("records", before.records == spec.records),
            ("release", before.release == spec.release),
        )
        if not is_kept
    ]
    if faults:
        raise PackRefused(faults)


def _models(spec: PackSpec, sources: Sequence[PackFile]) -> list[PackFile]:
    """What is handed in of the baselines: the announced scores are those of these very files."""
    folders = tuple(f"{baseline.artifact}/" for baseline in spec.baselines)
    return [file for file in sources if file.path.startswith(folders)]


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


def _add_files(version: PackVersion, files: Sequence[PackFile]) -> None:
    for file in files:
        file.version = version
    PackFile.objects.bulk_create(files)


def _follow_visibility(competition: Competition, visibility: Visibility) -> None:
    """Whoever takes part already goes on doing so when fewer people may see the competition."""
    if competition.audience != visibility.audience:
        earlier = RulesAcceptance.objects.filter(competition=competition).values_list("user")
        Admission.objects.bulk_create(
            (
                Admission(competition=competition, user_id=user, way=Admission.Way.EARLIER)
                for (user,) in earlier.distinct()
            ),
            ignore_conflicts=True,
        )
    competition.audience = visibility.audience
    competition.email_domains = list(visibility.email_domains)


def _follow_places(competition: Competition, spec: PackSpec) -> None:
    """Have the phases and divisions that `spec` names, and no others. Raises PackRefused."""
    _follow_phases(competition, spec)
    _follow_divisions(competition, spec)


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
