"""What the server tells, typed. Members that this version does not know are kept, not dropped."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict


class View(BaseModel):
    """Base of all answers. `raw` is the whole document as it came."""

    model_config = ConfigDict(extra="allow", frozen=True)

    def raw(self) -> dict[str, Any]:
        """The document as JSON values, unknown members included."""
        return self.model_dump(mode="json")


class Division(View):
    slug: str
    title: str


class Metric(View):
    name: str
    title: str
    higher_is_better: bool
    decimals: int


class Competition(View):
    slug: str
    title: str
    tagline: str
    url: str
    closes: datetime
    ranking_metric: Metric
    teams: int
    submissions: int
    rules_accepted: bool | None = None


class Refusal(View):
    code: str
    path: str
    what: str
    why: str
    mend: str


class Workload(View):
    """What one token or one example costs."""

    unit: str
    active_parameters: int
    flops: int


class Inspection(View):
    """What inspection found: the division that the model enters, or why it is refused."""

    accepted: bool
    division: Division | None
    counts: dict[str, int] | None
    gauges: list[dict[str, Any]]
    workload: Workload | None = None
    refusals: list[Refusal]


class Artifact(View):
    id: str
    format: str
    size: int
    inspection: Inspection


class UploadFile(View):
    position: int
    path: str
    size: int
    parts: int
    missing: list[int]
    needs_sending: bool


class Upload(View):
    id: str
    status: str
    part_bytes: int
    is_direct: bool
    upload_token: str
    files: list[UploadFile]
    artifact: str | None


class SubmissionError(View):
    code: str
    title: str
    what: str
    why: str
    mend: str


class Submission(View):
    id: str
    number: int
    competition: str
    team: str
    status: str
    is_final: bool
    updated_at: str
    submitted_at: datetime
    position: int | None
    expected_start: datetime | None
    retry_at: datetime | None = None
    division: Division | None
    score: float | None
    score_shown: str | None
    rank: int | None
    error: SubmissionError | None
    refusals: list[Refusal]
    url: str


class DataFile(View):
    path: str
    size: int
    digest: str


class Me(View):
    username: str
    email: str
