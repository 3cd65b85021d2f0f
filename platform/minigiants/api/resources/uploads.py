"""Sending a model. The parts themselves go to `minigiants.api.part_route`."""

from typing import Annotated
from uuid import UUID

from django.http import HttpResponse
from ninja import Path, Router

from evaluator.contract import PART_BYTES
from minigiants.accounts.models import Scope
from minigiants.api.authentication import ApiRequest, person_of, required
from minigiants.api.idempotency import idempotent
from minigiants.api.resources.artifacts import artifact_out
from minigiants.api.schemas.artifacts import (
    ArtifactOut,
    PartAddressOut,
    PartIn,
    UploadFileOut,
    UploadIn,
    UploadState,
)
from minigiants.api.token_reach import Reach
from minigiants.artifacts.models import UploadSession
from minigiants.artifacts.part_store import part_store
from minigiants.artifacts.selectors import upload_files, upload_get
from minigiants.artifacts.services import (
    AnnouncedFile,
    part_address,
    upload_abort,
    upload_complete,
    upload_create,
)
from minigiants.artifacts.tokens import upload_token
from minigiants.competitions.selectors import competition_get

router = Router(tags=["uploads"])

Position = Annotated[int, Path(ge=0, le=999_999)]


def _state(session: UploadSession) -> UploadState:
    return UploadState(
        id=session.pk,
        status=session.status,
        expires_at=session.expires_at,
        part_bytes=PART_BYTES,
        is_direct=part_store().is_direct,
        upload_token=upload_token(session.pk),
        files=[UploadFileOut.model_validate(file) for file in upload_files(session)],
        artifact=session.artifact_id,
    )


@router.post(
    "/uploads",
    response={201: UploadState},
    auth=required(Scope.SUBMIT, reach=Reach.BODY),
    operation_id="upload_create",
)
@idempotent(status=201)
def create(request: ApiRequest, payload: UploadIn) -> UploadState:
    """Announce the files of a model. The answer tells which parts to send."""
    person = person_of(request)
    request.auth.require_competition(payload.competition)
    session = upload_create(
        user=person,
        competition=competition_get(slug=payload.competition, user=person),
        files=[
            AnnouncedFile(path=file.path, size=file.size, digest=file.digest)
            for file in payload.files
        ],
    )
    return _state(session)


@router.get(
    "/uploads/{upload_id}",
    response=UploadState,
    auth=required(Scope.SUBMIT),
    operation_id="upload_read",
)
def read(request: ApiRequest, upload_id: UUID) -> UploadState:
    """Which parts are still missing: where a broken upload goes on."""
    return _state(upload_get(user=person_of(request), upload_id=upload_id))


@router.post(
    "/uploads/{upload_id}/files/{position}/parts/{number}/address",
    response=PartAddressOut,
    auth=required(Scope.SUBMIT),
    operation_id="upload_part_address",
)
@idempotent(status=200)
def address(
    request: ApiRequest, upload_id: UUID, position: Position, number: Position, payload: PartIn
) -> PartAddressOut:
    """Where to PUT one part, with which headers. Each address is for these very bytes."""
    return PartAddressOut.model_validate(
        part_address(
            user=person_of(request),
            upload_id=upload_id,
            position=position,
            number=number,
            sha256=payload.sha256,
        )
    )


@router.delete(
    "/uploads/{upload_id}",
    response={204: None},
    auth=required(Scope.SUBMIT),
    operation_id="upload_abort",
)
def abort(request: ApiRequest, upload_id: UUID) -> HttpResponse:
    """Give an upload up. Nothing of it remains."""
    upload_abort(user=person_of(request), upload_id=upload_id)
    return HttpResponse(status=204)


@router.post(
    "/uploads/{upload_id}/complete",
    response=ArtifactOut,
    auth=required(Scope.SUBMIT),
    operation_id="upload_complete",
)
@idempotent(status=200)
def complete(request: ApiRequest, upload_id: UUID) -> ArtifactOut:
    """Make an artifact of the parts and inspect it. Completing twice gives the same artifact."""
    return artifact_out(upload_complete(user=person_of(request), upload_id=upload_id))
