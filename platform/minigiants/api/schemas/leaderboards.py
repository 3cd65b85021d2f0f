"""Boards."""

from datetime import datetime

from pydantic import Field

from minigiants.api.schemas.base import Out
from minigiants.api.schemas.competitions import DivisionName, MetricOut


class Row(Out):
    rank: int
    team: str
    baseline: bool
    score: float
    score_shown: str
    parameters: int
    tensor_bits: int
    artifact_bytes: int
    latency_seconds: float | None
    format: str
    entries: int
    submitted_at: datetime


class BoardOut(Out):
    division: DivisionName
    rows: list[Row]
    next_cursor: str | None = Field(description="Send as `cursor`, with this division's `division`")


class LeaderboardOut(Out):
    phase: str
    metric: MetricOut
    boards: list[BoardOut]
