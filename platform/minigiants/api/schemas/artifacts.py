"""Uploads, artifacts, and what inspection says of them."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from minigiants.api.schemas.base import In, Out
from minigiants.api.schemas.competitions import DivisionName

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class FileIn(In):
    path: str = Field(min_length=1, max_length=512, description="Relative, with forward slashes")
    size: int = Field(ge=0, le=1 << 46, description="Bytes")
    digest: Sha256 | None = Field(
        default=None,
        description="SHA-256 over the SHA-256s of its 8 MiB parts. With it, bytes that your team "
        "has sent before need not be sent again.",
    )


class UploadIn(In):
    competition: str = Field(min_length=1, max_length=64)
    files: list[FileIn] = Field(min_length=1, max_length=10_000)


class UploadFileOut(Out):
    position: int
    path: str
    size: int
    parts: int
    missing: list[int] = Field(description="Numbers of the parts that have not arrived, from 0")
    needs_sending: bool


class UploadState(Out):
    id: UUID
    status: str
    expires_at: datetime
    part_bytes: int
    is_direct: bool = Field(
        description="Parts go straight to the object store: ask for the address of each"
    )
    upload_token: str = Field(description="Opens this upload's parts, as X-Upload-Token")
    files: list[UploadFileOut]
    artifact: UUID | None


class PartIn(In):
    sha256: Sha256 = Field(description="Of the part's bytes")


class PartAddressOut(Out):
    url: str = Field(description="PUT the part's bytes there, without a token or a cookie")
    headers: dict[str, str] = Field(description="To be sent with them")


class ArtifactFileOut(Out):
    path: str
    size: int
    digest: str


class CountsOut(Out):
    """As measured by the platform: elements, bits, bytes, bytes."""

    parameters: int
    tensor_bits: int
    side_bytes: int
    artifact_bytes: int


class WorkloadOut(Out):
    """What one token or one example costs. No budget caps it."""

    unit: Literal["token", "example"]
    active_parameters: int
    flops: int = Field(description="Of products with weights; attention between tokens is left out")


class GaugeRow(Out):
    quantity: str
    used: int
    cap: int | None
    fraction: float | None
    fits: bool


class Gauge(Out):
    """How much of one division's budget the artifact uses."""

    division: DivisionName
    fits: bool
    rows: list[GaugeRow]


class RefusalOut(Out):
    code: str
    path: str = Field(description="The file at fault; empty: the artifact as a whole")
    what: str
    why: str
    mend: str


class InspectionOut(Out):
    accepted: bool
    division: DivisionName | None
    counts: CountsOut | None
    gauges: list[Gauge]
    workload: WorkloadOut | None = Field(description="Null: the architecture is not known")
    refusals: list[RefusalOut]


class ArtifactSummary(Out):
    id: UUID
    format: str = Field(description="Empty: none was recognised")
    size: int = Field(description="Bytes")
    created_at: datetime


class ArtifactList(Out):
    items: list[ArtifactSummary]
    next_cursor: str | None


class ArtifactOut(Out):
    id: UUID
    format: str
    size: int
    files: list[ArtifactFileOut]
    inspection: InspectionOut
