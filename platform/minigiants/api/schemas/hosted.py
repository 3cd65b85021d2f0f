"""What hosts read of those who compete."""

from datetime import datetime
from uuid import UUID

from pydantic import ConfigDict, Field

from minigiants.api.schemas.artifacts import InspectionOut
from minigiants.api.schemas.base import Out
from minigiants.api.schemas.competitions import DivisionName
from minigiants.api.schemas.submissions import ChangeOut


class HostedTeamOut(Out):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "01890a5d-ac96-774b-bcce-b302099a8057",
                    "name": "The tiny ones",
                    "members": ["ada", "grace"],
                    "is_baseline": False,
                    "founded_at": "2027-01-04T09:12:00Z",
                    "submissions": 17,
                    "best_status": "scored",
                    "last_submitted_at": "2027-01-20T18:30:12Z",
                    "disqualified_at": None,
                    "disqualified_for": "",
                }
            ]
        }
    )

    id: UUID
    name: str
    members: list[str] = Field(description="User names, the leader's first")
    is_baseline: bool
    founded_at: datetime
    submissions: int = Field(description="Handed in so far")
    best_status: str = Field(description="The furthest that one of them has come; may be empty")
    last_submitted_at: datetime | None
    disqualified_at: datetime | None
    disqualified_for: str = Field(description="Empty where it is not disqualified")


class HostedTeamList(Out):
    items: list[HostedTeamOut] = Field(description="Newest first")
    next_cursor: str | None


class HostedScoreOut(Out):
    metric: str
    title: str
    public: float | None
    private: float | None


class HostedMeasurementsOut(Out):
    """By the host's clock and counters, as they are. Seconds and bytes."""

    sandbox: str | None = None
    device: str | None = None
    load_seconds: float | None = None
    smoke_seconds: float | None = None
    hidden_seconds: float | None = None
    examples: int | None = None
    latency_seconds: float | None = None
    throughput: float | None = None
    peak_memory_bytes: int | None = None
    gpu_peak_memory_bytes: int | None = None
    cpu_seconds: float | None = None


class HostedEvaluationOut(Out):
    """A run with what the team does not read: details and logs may hold hidden inputs."""

    id: UUID
    status: str
    stage: str = Field(description="Where the worker stands within `status`; may be empty")
    profile: str
    worker: str = Field(description="That holds it; empty where none does")
    version: int = Field(description="Of the pack, under which it is scored")
    rescore: str = Field(description="State of the rescore that it is of; empty: of none")
    does_count: bool = Field(description="False: of a rescore that was not applied")
    attempt: int = Field(description="Of the present stage, from 1")
    faults: list[ChangeOut] = Field(
        description="Attempts that a worker broke, handed back, could not begin or never ended"
    )
    queued_at: datetime
    claimed_at: datetime | None
    finished_at: datetime | None
    failure: str
    failed_stage: str
    participant_detail: str = Field(
        description="What the team reads of a failure, if not the usual"
    )
    host_detail: str | None
    host_log: str | None = Field(
        description="Of the hidden run, or of the metric where that failed. Null, as "
        "`host_detail`, for hosts who are neither owner nor organizer."
    )
    smoke_log: str
    measurements: HostedMeasurementsOut | None
    scores: list[HostedScoreOut] = Field(description="Empty where it does not count")


class HostedSubmissionOut(Out):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "01890a5d-ac96-774b-bcce-b302099a8057",
                    "number": 3,
                    "competition": "digits",
                    "team_id": "01890a5d-1f03-7b22-9d5c-0242ac120002",
                    "team": "The tiny ones",
                    "submitted_by": "ada",
                    "message": "wider first layer",
                    "status": "failed",
                    "is_late": False,
                    "is_selected": False,
                    "division": {"slug": "nano", "title": "≤ 1k parameters"},
                    "phase": "main",
                    "version": 2,
                    "format": "onnx",
                    "artifact": "01890a5d-9a11-7f00-8000-b302099a8057",
                    "submitted_at": "2027-01-20T18:30:12Z",
                    "updated_at": "2027-01-20T18:30:40Z",
                    "quota_charged": False,
                    "failure_charged": False,
                    "public_score": None,
                    "disqualified_at": None,
                    "disqualified_for": "",
                    "inspection": {
                        "accepted": True,
                        "division": {"slug": "nano", "title": "≤ 1k parameters"},
                        "counts": {
                            "parameters": 650,
                            "tensor_bits": 20_800,
                            "side_bytes": 400,
                            "artifact_bytes": 3_000,
                        },
                        "gauges": [],
                        "workload": None,
                        "refusals": [],
                    },
                    "changes": [
                        {
                            "id": 71,
                            "status": "failed",
                            "at": "2027-01-20T18:30:40Z",
                            "code": "scoring_failed",
                            "reason": "Scoring failed",
                        }
                    ],
                    "evaluations": [],
                    "url": "https://example.org/competitions/digits/manage/submissions/"
                    "01890a5d-ac96-774b-bcce-b302099a8057/",
                }
            ]
        }
    )

    id: UUID
    number: int = Field(description="Counts the team's submissions from 1")
    competition: str
    team_id: UUID
    team: str
    submitted_by: str = Field(description="A user name")
    message: str
    status: str
    is_late: bool
    is_selected: bool
    division: DivisionName | None
    phase: str
    version: int = Field(description="Of the pack, under which it was handed in")
    format: str
    artifact: UUID
    submitted_at: datetime
    updated_at: datetime
    quota_charged: bool
    failure_charged: bool = Field(description="Counts against the day's failures")
    public_score: float | None = Field(description="As released to the team")
    disqualified_at: datetime | None
    disqualified_for: str = Field(description="Empty where it is not disqualified")
    inspection: InspectionOut
    changes: list[ChangeOut]
    evaluations: list[HostedEvaluationOut] = Field(description="Newest first")
    url: str = Field(description="The hosts' page of it")
