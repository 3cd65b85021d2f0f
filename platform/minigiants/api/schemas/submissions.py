"""Submissions and their way."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from minigiants.api.schemas.artifacts import InspectionOut, RefusalOut
from minigiants.api.schemas.base import In, Out
from minigiants.api.schemas.competitions import DivisionName


class SubmissionIn(In):
    artifact: UUID
    message: str = Field(default="", max_length=200)


class ScoreOut(Out):
    metric: str
    title: str
    value: float
    shown: str


class AgainstBestOut(Out):
    """Compared on the same examples of the public split. Differences: positive where worse."""

    best_submission: UUID = Field(description="The team's best before it in the division")
    difference: float
    low: float = Field(description="Of the 95 % interval of the difference")
    high: float
    p_value: float = Field(description="Two-sided")
    method: str
    examples: int
    verdict: Literal["better", "worse", "not_significant"]
    shown: str


class ChangeOut(Out):
    id: int = Field(description="The id of the event that told of it")
    status: str
    at: datetime
    code: str
    reason: str


class SubmissionErrorOut(Out):
    code: str
    title: str
    what: str
    why: str
    mend: str


class MeasurementsOut(Out):
    """By the host's clock and counters, rounded. Seconds and bytes."""

    sandbox: str | None = None
    device: str | None = None
    load_seconds: float | None = None
    smoke_seconds: float | None = None
    hidden_seconds: float | None = None
    latency_seconds: float | None = None
    throughput: float | None = None
    peak_memory_bytes: float | None = None
    gpu_peak_memory_bytes: float | None = None
    cpu_seconds: float | None = None


class SubmissionOut(Out):
    id: UUID
    number: int = Field(description="Counts the team's submissions from 1")
    competition: str
    team: str
    message: str
    status: str
    stage: str = Field(description="Where the worker stands within `status`; may be empty")
    is_final: bool
    is_late: bool = Field(description="Came after the last phase: scored, and ranks nowhere")
    division: DivisionName | None
    phase: str
    format: str
    artifact: UUID
    submitted_at: datetime
    updated_at: datetime
    position: int | None = Field(
        description="How many are served before it, plus one; null while it pauses"
    )
    expected_start: datetime | None
    retry_at: datetime | None = Field(
        description="Until when it pauses after a fault of the platform, to be tried again then"
    )
    quota_charged: bool
    is_selected: bool = Field(description="One of the team's final selections")
    is_selectable: bool = Field(description="Whether that can still be changed")
    disqualified_for: str = Field(description="Why it does not count; empty where it does")
    score: float | None = Field(description="The ranking metric on the public split")
    score_shown: str | None
    scores: list[ScoreOut] = Field(description="On the public split")
    is_held_back: bool = Field(
        description="Under the Ladder: its own score is not released, `score` is the team's best"
    )
    against_best: AgainstBestOut | None = Field(description="There a moment after the score")
    rank: int | None
    error: SubmissionErrorOut | None
    refusals: list[RefusalOut]
    changes: list[ChangeOut]
    measurements: MeasurementsOut | None
    inspection: InspectionOut
    has_log: bool
    url: str
    api_url: str


class SubmissionList(Out):
    items: list[SubmissionOut]
    next_cursor: str | None
