"""Records."""

from datetime import datetime

from pydantic import Field

from minigiants.api.schemas.base import Out
from minigiants.api.schemas.competitions import DivisionName, MetricOut


class RecordEvidenceOut(Out):
    """What the test against the record before found."""

    difference: float = Field(description="In the metric's unit, negative where it is better")
    p_value: float = Field(description="One-sided")
    alpha: float = Field(description="What the challenger might spend of the level")
    method: str
    examples: int
    resamples: int | None
    seed: int | None


class RecordOut(Out):
    team: str
    baseline: bool
    score: float
    score_shown: str
    achieved_at: datetime
    challenger: int = Field(description="Its number among all challengers, from 0")
    evidence: RecordEvidenceOut | None = Field(description="The first of all needed none")


class RecordHistoryOut(Out):
    division: DivisionName
    level: float = Field(description="The probability of any false record in the division")
    challengers: int
    spent: float = Field(description="How much of the level they have spent")
    records: list[RecordOut]


class RecordsOut(Out):
    metric: MetricOut
    divisions: list[RecordHistoryOut]
