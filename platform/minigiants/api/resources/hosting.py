"""Running competitions: packs, rescores, hosts, invitations and the audit log."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from tempfile import TemporaryFile
from typing import Annotated, Any, BinaryIO
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from ninja import Router, Status
from ninja.params.functions import Path, Query

from minigiants.accounts.models import Scope
from minigiants.api.authentication import ApiRequest, person_of, public, required
from minigiants.api.idempotency import idempotent
from minigiants.api.problems import RequestTooLarge
from minigiants.api.schemas.hosting import (
    AuditList,
    AuditOut,
    BaselineOut,
    BaselineOutcome,
    CompetitionInvitationIn,
    CompetitionInvitationList,
    CompetitionInvitationOut,
    FaultOut,
    HostIn,
    HostList,
    HostOut,
    NewPageIn,
    PackReportOut,
    PageIn,
    PublishedOut,
    RescoreIn,
    RescoreOfferOut,
    RescoreOut,
    SettingsIn,
    StatisticsOut,
    TemplateIn,
    TrialOut,
    UnpublishedOut,
)
from minigiants.api.token_reach import Reach
from minigiants.competitions.models import Competition, Host, Invitation
from minigiants.competitions.pack_access import Audience
from minigiants.competitions.pack_archive import MAX_ARCHIVE_BYTES, export_chunks
from minigiants.competitions.pack_editing import Place
from minigiants.competitions.pack_schema import pack_schema
from minigiants.competitions.people import (
    competition_invite,
    host_remove,
    host_set,
    invitation_revoke,
)
from minigiants.competitions.policies import HostAction
from minigiants.competitions.selectors import (
    audit_of,
    hosted_competition_get,
    hosts_of,
    latest_version,
)
from minigiants.competitions.services import competition_unpublish
from minigiants.core.problems import NotFound
from minigiants.submissions.editing import page_add, page_edit, page_remove, settings_edit
from minigiants.submissions.hosting import (
    PackReport,
    Published,
    archive_check,
    archive_publish,
)
from minigiants.submissions.models import Rescore, Trial
from minigiants.submissions.rescoring import rescore_cancel, rescore_offer, rescore_start
from minigiants.submissions.selectors import rescore_get, rescore_progress
from minigiants.submissions.statistics import competition_statistics
from minigiants.submissions.templates import template_publish
from minigiants.submissions.trial_presentation import trial_get, trial_view
from minigiants.submissions.trials import trial_cancel

router = Router(tags=["hosting"])
BASE = "/host/competitions/{slug}"
CHUNK_BYTES = 1024**2
ARCHIVE = {
    "requestBody": {
        "required": True,
        "description": "The pack as a ZIP file, its built data in the folder `built`",
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
    }
}


def _hosted(request: ApiRequest, slug: str, action: HostAction) -> Competition:
    return hosted_competition_get(slug=slug, user=person_of(request), action=action)


@contextmanager
def _archive(request: ApiRequest) -> Iterator[BinaryIO]:
    """The body as a file that can be sought in. Raises RequestTooLarge."""
    with TemporaryFile() as file:
        left = MAX_ARCHIVE_BYTES
        while chunk := request.read(CHUNK_BYTES):
            left -= len(chunk)
            if left < 0:
                raise RequestTooLarge(f"An archive has at most {MAX_ARCHIVE_BYTES:,} bytes.")
            file.write(chunk)
        file.seek(0)
        yield file


@router.get(
    "/host/schema",
    auth=public(reach=Reach.PERSON),
    operation_id="pack_schema",
    openapi_extra={
        "responses": {
            200: {
                "description": "JSON Schema 2020-12",
                "content": {"application/schema+json": {"schema": {"type": "object"}}},
            }
        }
    },
)
def schema(request: ApiRequest) -> HttpResponse:
    """The JSON Schema of competition.yaml, for editors."""
    return HttpResponse(json.dumps(pack_schema()), content_type="application/schema+json")


@router.put(
    f"{BASE}/check",
    response=PackReportOut,
    auth=required(Scope.HOST),
    operation_id="pack_check",
    openapi_extra=ARCHIVE,
)
def check(request: ApiRequest, slug: str) -> PackReportOut:
    """Check a pack as publishing would, and change nothing."""
    with _archive(request) as archive:
        return report_out(archive_check(slug=slug, archive=archive, actor=person_of(request)))


def report_out(report: PackReport) -> PackReportOut:
    """A report as the API tells it."""
    return PackReportOut(
        title=report.spec.title,
        warnings=[FaultOut.model_validate(warning) for warning in report.warnings],
        public_rows=report.public_rows,
        private_rows=report.private_rows,
        usages=report.usages,
        baselines=[BaselineOut.model_validate(baseline) for baseline in report.baselines],
        specification=report.spec.model_dump(mode="json"),
    )


@router.put(
    f"{BASE}/pack",
    response={200: PublishedOut, 202: TrialOut},
    auth=required(Scope.HOST),
    operation_id="pack_publish",
    openapi_extra=ARCHIVE,
)
def publish(request: ApiRequest, slug: str) -> Status[PublishedOut | TrialOut]:
    """Publish a pack whole, or not at all. The same content again changes nothing.

    200: it serves. 202: it serves once its baselines score as announced; ask the trial.
    """
    with _archive(request) as archive:
        answer = archive_publish(slug=slug, archive=archive, actor=person_of(request))
    if isinstance(answer, Trial):
        return Status(202, _trial_out(answer))
    return Status(200, _published_out(answer))


def _trial_out(trial: Trial) -> TrialOut:
    return TrialOut.model_validate(trial_view(trial))


@router.get(
    f"{BASE}/trials/{{trial_id}}",
    response=TrialOut,
    auth=required(Scope.HOST),
    operation_id="trial_read",
)
def read_trial(request: ApiRequest, slug: str, trial_id: UUID) -> TrialOut:
    """How the baselines of a pack do that was published, and whether it serves."""
    competition = _hosted(request, slug, HostAction.RUN)
    return _trial_out(trial_get(competition=competition, trial_id=trial_id))


@router.post(
    f"{BASE}/trials/{{trial_id}}/cancel",
    response=TrialOut,
    auth=required(Scope.HOST),
    operation_id="trial_cancel",
)
@idempotent(status=200)
def cancel_trial(request: ApiRequest, slug: str, trial_id: UUID) -> TrialOut:
    """Give a running trial up; what serves goes on."""
    competition = _hosted(request, slug, HostAction.RUN)
    return _trial_out(
        trial_cancel(competition=competition, trial_id=trial_id, actor=person_of(request))
    )


def _published_out(published: Published) -> PublishedOut:
    slug = published.version.competition.slug
    return PublishedOut(
        competition=slug,
        version=published.version.number,
        content_hash=published.version.content_hash,
        url=f"{settings.BASE_URL}/competitions/{slug}/",
        baselines=[
            BaselineOutcome(
                folder=each.baseline.folder, outcome=each.outcome.value, detail=each.detail
            )
            for each in published.baselines
        ],
        rescore=RescoreOfferOut.model_validate(published.offer),
    )


@router.post(
    "/host/competitions",
    response={201: PublishedOut},
    auth=required(Scope.HOST),
    operation_id="competition_begin",
)
@idempotent(status=201)
def begin(request: ApiRequest, payload: TemplateIn) -> PublishedOut:
    """Found a competition from a template, for those whom you invite."""
    return _published_out(
        template_publish(
            slug=payload.slug,
            task=payload.task,
            title=payload.title,
            actor=person_of(request),
        )
    )


@router.put(
    f"{BASE}/pages/{{name}}",
    response=PublishedOut,
    auth=required(Scope.HOST),
    operation_id="page_edit",
)
def edit_page(
    request: ApiRequest, slug: str, name: Annotated[str, Path(max_length=100)], body: PageIn
) -> PublishedOut:
    """Publish a version that differs in one page."""
    published = page_edit(
        competition=_hosted(request, slug, HostAction.RUN),
        number=body.version,
        name=name,
        text=body.text,
        actor=person_of(request),
    )
    return _published_out(published)


@router.post(
    f"{BASE}/pages",
    response={201: PublishedOut},
    auth=required(Scope.HOST),
    operation_id="page_add",
)
@idempotent(status=201)
def add_page(request: ApiRequest, slug: str, payload: NewPageIn) -> PublishedOut:
    """Publish a version that has a page more."""
    published = page_add(
        competition=_hosted(request, slug, HostAction.RUN),
        number=payload.version,
        name=payload.name,
        text=payload.text,
        actor=person_of(request),
    )
    return _published_out(published)


@router.delete(
    f"{BASE}/pages/{{name}}",
    response=PublishedOut,
    auth=required(Scope.HOST),
    operation_id="page_remove",
)
def remove_page(
    request: ApiRequest,
    slug: str,
    name: Annotated[str, Path(max_length=100)],
    version: Annotated[
        int, Query(description="That was read; another one that serves is not overwritten")
    ],
) -> PublishedOut:
    """Publish a version without a page. Overview, data and rules stay."""
    published = page_remove(
        competition=_hosted(request, slug, HostAction.RUN),
        number=version,
        name=name,
        actor=person_of(request),
    )
    return _published_out(published)


@router.patch(
    f"{BASE}/settings",
    response=PublishedOut,
    auth=required(Scope.HOST),
    operation_id="settings_edit",
)
def edit_settings(request: ApiRequest, slug: str, body: SettingsIn) -> PublishedOut:
    """Publish a version with other names, dates, time zone, quota or visibility."""
    competition = _hosted(request, slug, HostAction.RUN)
    published = settings_edit(
        competition=competition,
        number=body.version,
        values=_values(body, [phase.slug for phase in latest_version(competition).spec.phases]),
        actor=person_of(request),
    )
    return _published_out(published)


def _values(body: SettingsIn, phases: Sequence[str]) -> dict[Place, Any]:
    """What is to be changed in competition.yaml, and where. Raises NotFound for other phases."""
    given = body.model_dump(exclude_unset=True)
    values: dict[Place, Any] = {
        (name,): given[name] for name in ("title", "tagline", "timezone") if name in given
    }
    values |= {("teams", name): value for name, value in given.get("teams", {}).items()}
    for phase in given.get("phases", []):
        slug = phase.pop("slug")
        if slug not in phases:
            raise NotFound(f"The competition has no phase {slug!r}.")
        place = ("phases", phases.index(slug))
        quota = phase.pop("quota", {})
        values |= {(*place, name): value for name, value in phase.items()}
        values |= {(*place, "quota", name): value for name, value in quota.items()}
    if body.visibility is not None:
        values["visibility", "audience"] = body.visibility.audience.value
        values["visibility", "email_domains"] = body.visibility.email_domains or None
    return values


@router.get(
    f"{BASE}/pack",
    auth=required(Scope.HOST),
    operation_id="pack_export",
    openapi_extra={
        "responses": {
            200: {
                "description": "The pack as a ZIP file, with all that is hidden",
                "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
            }
        }
    },
)
def export(request: ApiRequest, slug: str) -> StreamingHttpResponse:
    """The version that serves, or served last, as an archive that can be published again."""
    version = latest_version(_hosted(request, slug, HostAction.RUN))
    name = f"{slug}-v{version.number}.zip"
    response = StreamingHttpResponse(export_chunks(version), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@router.post(
    f"{BASE}/unpublish",
    response=UnpublishedOut,
    auth=required(Scope.HOST),
    operation_id="pack_unpublish",
)
@idempotent(status=200)
def unpublish(request: ApiRequest, slug: str) -> UnpublishedOut:
    """Take a competition out of sight. Publishing brings it back with all that it holds."""
    competition = _hosted(request, slug, HostAction.RUN)
    competition_unpublish(competition=competition, actor=person_of(request))
    return UnpublishedOut(competition=slug, published=False)


def _rescore_out(rescore: Rescore) -> RescoreOut:
    submissions, done = rescore_progress(rescore)
    return RescoreOut(
        id=rescore.pk,
        version=rescore.version.number,
        state=rescore.state,
        reason=rescore.reason,
        detail=rescore.detail,
        submissions=submissions,
        done=done,
        started_at=rescore.created_at,
        ended_at=rescore.ended_at,
        table=rescore.table,
    )


@router.get(
    f"{BASE}/rescores/offer",
    response=RescoreOfferOut,
    auth=required(Scope.HOST),
    operation_id="rescore_offer",
)
def offer(request: ApiRequest, slug: str) -> RescoreOfferOut:
    """How many scores follow other labels, another metric or other inputs than the current ones."""
    competition = _hosted(request, slug, HostAction.LOOK)
    return RescoreOfferOut.model_validate(rescore_offer(competition=competition))


@router.post(
    f"{BASE}/rescores",
    response={201: RescoreOut},
    auth=required(Scope.HOST),
    operation_id="rescore_start",
)
@idempotent(status=201)
def start_rescore(request: ApiRequest, slug: str, payload: RescoreIn) -> RescoreOut:
    """Score all of them again. Boards change in one go, once the last one is done."""
    competition = _hosted(request, slug, HostAction.RUN)
    return _rescore_out(
        rescore_start(competition=competition, actor=person_of(request), reason=payload.reason)
    )


@router.get(
    f"{BASE}/rescores/{{rescore_id}}",
    response=RescoreOut,
    auth=required(Scope.HOST),
    operation_id="rescore_read",
)
def read_rescore(request: ApiRequest, slug: str, rescore_id: UUID) -> RescoreOut:
    """How far a rescore is, and what it changed."""
    competition = _hosted(request, slug, HostAction.RUN)
    return _rescore_out(rescore_get(competition=competition, rescore_id=rescore_id))


@router.post(
    f"{BASE}/rescores/{{rescore_id}}/cancel",
    response=RescoreOut,
    auth=required(Scope.HOST),
    operation_id="rescore_cancel",
)
@idempotent(status=200)
def cancel_rescore(request: ApiRequest, slug: str, rescore_id: UUID) -> RescoreOut:
    """Give a running rescore up; every score stays as it is."""
    competition = _hosted(request, slug, HostAction.RUN)
    return _rescore_out(
        rescore_cancel(competition=competition, rescore_id=rescore_id, actor=person_of(request))
    )


def _host_out(host: Host) -> HostOut:
    return HostOut(username=host.user.username, role=host.role)


@router.get(
    f"{BASE}/hosts", response=HostList, auth=required(Scope.HOST), operation_id="hosts_list"
)
def hosts(request: ApiRequest, slug: str) -> HostList:
    """Who runs the competition."""
    competition = _hosted(request, slug, HostAction.LOOK)
    return HostList(items=[_host_out(host) for host in hosts_of(competition=competition)])


@router.put(
    f"{BASE}/hosts/{{username}}",
    response=HostOut,
    auth=required(Scope.HOST),
    operation_id="host_set",
)
def set_host(request: ApiRequest, slug: str, username: str, payload: HostIn) -> HostOut:
    """Give a person a role, or another one."""
    competition = _hosted(request, slug, HostAction.OWN)
    return _host_out(
        host_set(
            competition=competition,
            actor=person_of(request),
            username=username,
            role=payload.role,
        )
    )


@router.delete(
    f"{BASE}/hosts/{{username}}",
    response={204: None},
    auth=required(Scope.HOST),
    operation_id="host_remove",
)
def remove_host(request: ApiRequest, slug: str, username: str) -> HttpResponse:
    """Take a person's role away."""
    competition = _hosted(request, slug, HostAction.OWN)
    host_remove(competition=competition, actor=person_of(request), username=username)
    return HttpResponse(status=204)


@router.get(
    f"{BASE}/audit", response=AuditList, auth=required(Scope.HOST), operation_id="audit_list"
)
def audit(
    request: ApiRequest,
    slug: str,
    before: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="An id")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> AuditList:
    """Who changed what."""
    rows = audit_of(competition=_hosted(request, slug, HostAction.LOOK))
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return AuditList(
        items=[
            AuditOut(
                id=row.pk,
                at=row.created_at,
                actor=row.actor.username if row.actor else None,
                action=row.action,
                detail=row.detail,
            )
            for row in rows[:limit]
        ]
    )


@router.get(
    f"{BASE}/statistics",
    response=StatisticsOut,
    auth=required(Scope.HOST),
    operation_id="statistics_read",
)
def statistics(request: ApiRequest, slug: str) -> StatisticsOut:
    """Days, failures and waiting. Baselines count nowhere."""
    found = competition_statistics(competition=_hosted(request, slug, HostAction.LOOK))
    return StatisticsOut.model_validate(asdict(found))


def _invitation_out(invitation: Invitation) -> CompetitionInvitationOut:
    return CompetitionInvitationOut.model_validate(invitation)


@router.get(
    f"{BASE}/invitations",
    response=CompetitionInvitationList,
    auth=required(Scope.HOST),
    operation_id="competition_invitations_list",
)
def invitations(request: ApiRequest, slug: str) -> CompetitionInvitationList:
    """The newest thousand invitations, and the link of a competition that goes by link."""
    competition = _hosted(request, slug, HostAction.RUN)
    by_link = competition.audience == Audience.LINK
    join = f"{settings.BASE_URL}/competitions/{slug}/join/{competition.link_secret}/"
    return CompetitionInvitationList(
        items=[_invitation_out(row) for row in competition.invitations.all()[:1000]],
        link=join if by_link else "",
    )


@router.post(
    f"{BASE}/invitations",
    response={201: CompetitionInvitationOut},
    auth=required(Scope.HOST),
    operation_id="competition_invite",
)
@idempotent(status=201)
def invite(
    request: ApiRequest, slug: str, payload: CompetitionInvitationIn
) -> CompetitionInvitationOut:
    """Send an invitation to an e-mail address."""
    competition = _hosted(request, slug, HostAction.RUN)
    return _invitation_out(
        competition_invite(competition=competition, actor=person_of(request), email=payload.email)
    )


@router.delete(
    f"{BASE}/invitations/{{competition_invitation_id}}",
    response={204: None},
    auth=required(Scope.HOST),
    operation_id="competition_invitation_revoke",
)
def revoke_invitation(
    request: ApiRequest, slug: str, competition_invitation_id: UUID
) -> HttpResponse:
    """Close an invitation, and shut out whoever has accepted it."""
    competition = _hosted(request, slug, HostAction.RUN)
    invitation_revoke(
        competition=competition,
        actor=person_of(request),
        invitation_id=competition_invitation_id,
    )
    return HttpResponse(status=204)
