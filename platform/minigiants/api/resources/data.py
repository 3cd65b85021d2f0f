"""The public data of competitions."""

import json

from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.http import content_disposition_header
from ninja import Router

from minigiants.api.authentication import ApiRequest, public
from minigiants.api.schemas.competitions import DataFile, DataList
from minigiants.competitions.croissant import croissant_of
from minigiants.competitions.selectors import (
    competition_get,
    current_version,
    public_file,
    public_files,
)
from minigiants.core.downloads import blob_chunks

router = Router(tags=["data"])


@router.get("/competitions/{slug}/data", response=DataList, auth=public(), operation_id="data_list")
def index(request: ApiRequest, slug: str) -> DataList:
    """The files that everybody may have."""
    competition = competition_get(slug=slug, user=request.auth.user)
    return DataList(
        files=[
            DataFile(
                path=file.path,
                size=file.size,
                digest=file.digest,
                url=request.build_absolute_uri(
                    reverse("api:data_file", kwargs={"slug": slug, "path": file.path})
                ),
            )
            for file in public_files(version=current_version(competition))
        ]
    )


@router.get(
    "/competitions/{slug}/croissant",
    auth=public(),
    operation_id="croissant_read",
    openapi_extra={
        "responses": {
            200: {
                "description": "JSON-LD",
                "content": {"application/ld+json": {"schema": {"type": "object"}}},
            }
        }
    },
)
def croissant(request: ApiRequest, slug: str) -> HttpResponse:
    """The public data, described in Croissant for tools that read data sets."""
    competition = competition_get(slug=slug, user=request.auth.user)
    description = croissant_of(
        competition=competition,
        page_url=f"{settings.BASE_URL}/competitions/{slug}/",
        file_url=lambda path: (
            f"{settings.BASE_URL}{reverse('api:data_file', kwargs={'slug': slug, 'path': path})}"
        ),
    )
    return HttpResponse(
        json.dumps(description, indent=2, ensure_ascii=False), content_type="application/ld+json"
    )


@router.get(
    "/competitions/{slug}/data/{path:path}",
    auth=public(),
    operation_id="data_read",
    url_name="data_file",
    openapi_extra={
        "responses": {
            200: {
                "description": "The file",
                "content": {
                    "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}
                },
            }
        }
    },
)
def read(request: ApiRequest, slug: str, path: str) -> HttpResponseBase:
    """One file. Its ETag is its digest."""
    competition = competition_get(slug=slug, user=request.auth.user)
    file = public_file(version=current_version(competition), path=path)
    response = StreamingHttpResponse(
        blob_chunks(file.digest), content_type="application/octet-stream"
    )
    response["ETag"] = f'"{file.digest}"'
    response["Content-Length"] = str(file.size)
    disposition = content_disposition_header(as_attachment=True, filename=path.rpartition("/")[2])
    response["Content-Disposition"] = disposition or "attachment"
    return response
