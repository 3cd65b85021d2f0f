"""Boards."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from minigiants.api.schemas.base import In, Out
from minigiants.api.schemas.competitions import DivisionName, MetricOut


class CertaintyOut(Out):
    """What noise allows to be said of a standing."""

    low: float = Field(description="Of the score's 95 % interval")
    high: float = Field(description="Of the score's 95 % interval")
    band: int | None = Field(
        description="The tie band, from 1; null beyond the teams that are compared"
    )
    lowest_rank: int | None = Field(description="The best rank that no test excludes")
    highest_rank: int | None = Field(description="The worst rank that no test excludes")


class Row(Out):
    rank: int
    earlier_rank: int | None = Field(description="When the day began (UTC); null for who is new")
    team_id: UUID
    team: str
    baseline: bool
    division: DivisionName = Field(description="Whose budget the model fits")
    score: float
    score_shown: str
    parameters: int
    tensor_bits: int
    artifact_bytes: int
    latency_seconds: float | None
    peak_memory_bytes: int | None
    format: str
    entries: int
    submitted_at: datetime
    last_at: datetime = Field(description="When the team's latest entry was handed in")
    on_front: bool = Field(description="Nobody above has as few parameters")
    certainty: CertaintyOut | None = Field(description="Null where there is no interval (yet)")


class BoardOut(Out):
    division: DivisionName
    teams: int = Field(description="How many stand on it")
    frozen_at: datetime | None = Field(description="Since when it stands still, if it does")
    rows: list[Row]
    next_cursor: str | None = Field(description="Send as `cursor`, with this division's `division`")


class LeaderboardOut(Out):
    phase: str
    split: str
    metric: MetricOut
    boards: list[BoardOut]


class OwnRank(Out):
    division: DivisionName
    rank: int
    teams: int


class OwnRanksOut(Out):
    phase: str
    split: str
    team: str | None
    ranks: list[OwnRank]


class LateRowOut(Out):
    team_id: UUID
    team: str
    score: float
    score_shown: str
    parameters: int
    artifact_bytes: int
    submitted_at: datetime


class LateOut(Out):
    division: DivisionName
    rows: list[LateRowOut]
    next_cursor: str | None


class ShakeUpRowOut(Out):
    team_id: UUID
    team: str
    baseline: bool
    private_rank: int
    public_rank: int | None
    climbed: int | None = Field(description="Ranks gained from public to private")
    private_score: str
    public_score: float | None


class ShakeUpOut(Out):
    division: DivisionName
    rows: list[ShakeUpRowOut]
    next_cursor: str | None


class ParetoPointOut(Out):
    team_id: UUID
    team: str
    baseline: bool
    division: DivisionName
    cost: float
    score: float
    score_shown: str
    low: float | None = Field(description="Of the score's 95 % interval")
    high: float | None = Field(description="Of the score's 95 % interval")
    dominance: str = Field(description="front, ambiguous or dominated")


class ParetoOut(Out):
    axis: str
    split: str
    points: list[ParetoPointOut]
    left_out: int = Field(description="How many dominated ones are not listed")


class StepOut(Out):
    at: datetime
    score: float
    score_shown: str
    team_id: UUID
    team: str


class TeamHistoryOut(Out):
    team_id: UUID
    steps: list[StepOut]


class DivisionHistoryOut(Out):
    division: DivisionName
    best: list[StepOut] = Field(description="Each that led, better than all before it")
    teams: list[TeamHistoryOut]


class HistoryOut(Out):
    phase: str
    split: str
    divisions: list[DivisionHistoryOut]


class ReasonIn(In):
    reason: str = Field(
        min_length=1, max_length=500, description="Of a disqualification the team reads it"
    )


class PhaseBoardsOut(Out):
    phase: str
    is_revealed: bool = Field(description="Everybody sees the private boards")
    is_frozen: bool


class TeamRulingOut(Out):
    id: UUID
    name: str
    disqualified_for: str = Field(description="Empty where it is not disqualified")


class SubmissionRulingOut(Out):
    id: UUID
    number: int
    disqualified_for: str = Field(description="Empty where it is not disqualified")
