"""The typed messages between the platform and its workers, and the identity of a blob.

Both sides import this module, so it imports nothing heavy. Every message is frozen, closed
(an unknown field is an error) and limited in size, because each crosses a trust boundary.
"""

import hashlib
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

PART_BYTES = 8 * 1024 * 1024
"""Size in bytes of every part of an upload but the last."""

LOG_CHARACTERS = 65_536
"""How much of a log crosses the boundary; the rest is cut in the middle."""

PREDICTIONS: Final = "predictions"
"""The format of an artifact that is a file of results: no model runs."""

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Memory = Annotated[int, Field(ge=1024**2, le=2**50)]
Path = Annotated[str, Field(min_length=1, max_length=512)]
Url = Annotated[str, Field(min_length=1, max_length=4096)]
Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9._-]*$")]


def composite_digest(part_digests: Iterable[bytes]) -> str:
    """The identity of a blob: SHA-256 over the SHA-256s of its parts, as hex.

    `part_digests` are the raw 32-byte digests of the consecutive parts of `PART_BYTES`. An empty
    blob has one empty part, which need not be given. The construction is S3's composite checksum,
    so a store that speaks S3 can confirm it without a second reading.
    """
    digests = list(part_digests) or [hashlib.sha256(b"").digest()]
    return hashlib.sha256(b"".join(digests)).hexdigest()


class Message(BaseModel):
    """Base of all messages: frozen, and closed to fields that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Role(StrEnum):
    """What a worker is trusted with. A predict worker never sees a label."""

    PREDICT = "predict"
    SCORE = "score"


class Strength(StrEnum):
    """How participant code is held, weakest first."""

    FALLBACK = "fallback"
    DOCKER = "docker"
    GVISOR = "gvisor"


Device = Literal["cpu", "cuda"]
"""What a model is run on, in torch's notation."""


class Stage(StrEnum):
    """Where a worker stands within a claimed evaluation."""

    FETCHING = "fetching"
    STARTING = "starting"
    SMOKE = "smoke"
    HIDDEN = "hidden"
    REPORTING = "reporting"
    SCORING = "scoring"


class Failure(StrEnum):
    """Why an evaluation ended without a score: all that is told of a hidden run, beside limits."""

    OUT_OF_MEMORY = "out_of_memory"
    TIMED_OUT = "timed_out"
    CRASHED = "crashed"
    LOAD_FAILED = "load_failed"
    TENSORS_MISMATCH = "tensors_mismatch"
    TOKENIZER_LOSSY = "tokenizer_lossy"
    NOT_CAUSAL = "not_causal"
    NOT_NORMALISED = "not_normalised"
    IMPOSSIBLE_BYTE = "impossible_byte"
    INVALID_PREDICTIONS = "invalid_predictions"
    OUTPUT_TOO_LARGE = "output_too_large"
    LOG_TOO_LARGE = "log_too_large"
    NEEDS_CONTAINER = "needs_container"
    SCORING_FAILED = "scoring_failed"
    WORKER_FAULT = "worker_fault"
    WORKER_LOST = "worker_lost"
    HANDED_BACK = "handed_back"


PARTICIPANT_FAILURES = frozenset(
    {
        Failure.OUT_OF_MEMORY,
        Failure.TIMED_OUT,
        Failure.CRASHED,
        Failure.LOAD_FAILED,
        Failure.TENSORS_MISMATCH,
        Failure.TOKENIZER_LOSSY,
        Failure.NOT_CAUSAL,
        Failure.NOT_NORMALISED,
        Failure.IMPOSSIBLE_BYTE,
        Failure.INVALID_PREDICTIONS,
        Failure.OUTPUT_TOO_LARGE,
        Failure.LOG_TOO_LARGE,
    }
)
"""Failures that the submitted model caused. They count against the attempts, never the quota."""


class TaskSpec(Message):
    """What a model is asked to do: the task type's name and that type's own settings.

    `settings` is checked by the task type's class in `evaluator.tasks`.
    """

    type: Name
    settings: dict[str, Any] = Field(default_factory=dict)


class Limits(Message):
    """What a sandbox allows one evaluation. Enforced from outside of it."""

    memory_bytes: int = Field(default=2 * 1024**3, ge=64 * 1024**2)
    cpus: float = Field(default=1.0, gt=0, le=256)
    load_seconds: float = Field(default=60.0, gt=0, le=3600)
    smoke_seconds: float = Field(default=60.0, gt=0, le=3600)
    hidden_seconds: float = Field(default=600.0, gt=0, le=86_400)
    processes: int = Field(default=64, ge=1, le=4096)
    open_files: int = Field(default=256, ge=16, le=65_536)
    scratch_bytes: int = Field(default=64 * 1024**2, ge=1024**2)
    output_bytes: int = Field(default=256 * 1024**2, ge=1024)
    log_bytes: int = Field(default=1024**2, ge=1024)


class MetricLimits(Message):
    """What the sandbox of an organizer's metric allows one call, imports included."""

    time_seconds: float = Field(default=300.0, gt=0, le=3600)
    memory_bytes: int = Field(default=2 * 1024**3, ge=256 * 1024**2)


class SignedFile(Message):
    """A file that a worker may fetch: where it lies in the job, what it is, and its signed URL."""

    path: Path
    digest: Digest
    size: Count
    url: Url


class StoredBlob(Message):
    """A blob that a worker has stored with the platform."""

    digest: Digest
    size: Count


class ClaimRequest(Message):
    """A worker asks for the attempt that a Celery message named.

    `claim` is drawn for this message and sent again whenever no answer came: whoever holds the
    attempt by it gets the same job once more.
    """

    attempt: int = Field(ge=1)
    worker: str = Field(min_length=1, max_length=128)
    claim: UUID


class ClaimedJob(Message):
    """What both kinds of job carry: the attempt, and how to report on it once."""

    evaluation: UUID
    attempt: int = Field(ge=1)
    task: TaskSpec
    heartbeat_url: Url
    report_url: Url
    upload_url: Url
    report_token: str = Field(min_length=16, max_length=256)
    lease_seconds: float = Field(gt=0)


class PredictJob(ClaimedJob):
    """A claimed attempt to predict. It names no label, and no file that holds one.

    There are inputs where there is a model to run: in every format but `predictions`.
    """

    kind: Literal["predict"] = "predict"
    format: Name
    limits: Limits
    seed: Count = 0
    artifact: tuple[SignedFile, ...]
    smoke_inputs: SignedFile | None
    hidden_inputs: SignedFile | None


class MetricSpec(Message):
    """A metric by its name in `evaluator.metrics.METRICS`, with its parameters."""

    name: Name
    params: dict[str, Any] = Field(default_factory=dict)


class ScoreJob(ClaimedJob):
    """A claimed attempt to score stored predictions against the labels.

    `metric_code` is the organizer's metric.py, for the task `custom` alone. No predict job names
    it: it may tell what the labels look like.
    """

    kind: Literal["score"] = "score"
    metrics: tuple[MetricSpec, ...] = Field(min_length=1)
    labels: SignedFile
    predictions: SignedFile
    metric_code: SignedFile | None = None
    metric_limits: MetricLimits = MetricLimits()


class Heartbeat(Message):
    """Renews the lease of an attempt. `stage` is the only thing that it tells."""

    attempt: int = Field(ge=1)
    report_token: str = Field(min_length=16, max_length=256)
    stage: Stage


class HeartbeatAnswer(Message):
    """`proceed` is false when the attempt is no longer wanted (cancelled, or taken back)."""

    proceed: bool
    lease_seconds: float


class Measurements(Message):
    """What the host measured, by its own clock and its own counters.

    Times are in seconds, memory in bytes. `latency_seconds` is the hidden run's time an example, as
    a running average: after each batch the time since the start of the run, divided by the examples
    answered by then; of these the median. `throughput` is the run's examples per second. `device`
    is what the model was given.

    `cpu_seconds` counts from when the model's loading begins. `peak_memory_bytes` of a format with
    participant code is that of its whole container, imports and files in memory included; else what
    the model's process took beyond the imports that it shares with others.
    `gpu_peak_memory_bytes` is the most that the driver was seen to tell, None where it can't.
    """

    sandbox: Strength
    device: Device | None = None
    load_seconds: Seconds | None = None
    smoke_seconds: Seconds | None = None
    hidden_seconds: Seconds | None = None
    examples: Count | None = None
    latency_seconds: Seconds | None = None
    throughput: Seconds | None = None
    peak_memory_bytes: Count | None = None
    gpu_peak_memory_bytes: Count | None = None
    cpu_seconds: Seconds | None = None


class PredictReport(Message):
    """The end of an attempt to predict.

    `smoke_log` is the only output of the model that its participant may read: it was written
    before the hidden inputs were in reach. `host_log` is for the competition's hosts.
    """

    attempt: int = Field(ge=1)
    report_token: str = Field(min_length=16, max_length=256)
    failure: Failure | None = None
    failed_stage: Stage | None = None
    failure_detail: str = Field(default="", max_length=2048)
    predictions: StoredBlob | None = None
    measurements: Measurements | None = None
    smoke_log: str = Field(default="", max_length=LOG_CHARACTERS)
    host_log: str = Field(default="", max_length=LOG_CHARACTERS)


class Split(StrEnum):
    """The part of the hidden test set that a score speaks of."""

    PUBLIC = "public"
    PRIVATE = "private"


class MetricValue(Message):
    """One metric on one split. A score is always a finite number."""

    metric: Name
    split: Split
    value: float = Field(allow_inf_nan=False)


class ScoreReport(Message):
    """The end of an attempt to score. `losses` holds the per-example losses, if there are any.

    `participant_detail` is what the participant is told of predictions that were handed in as a
    file: where the file is wrong, or what the organizer's metric says of it. Of the answers of a
    model to hidden inputs nothing is told.
    """

    attempt: int = Field(ge=1)
    report_token: str = Field(min_length=16, max_length=256)
    failure: Failure | None = None
    failure_detail: str = Field(default="", max_length=2048)
    participant_detail: str = Field(default="", max_length=500)
    values: tuple[MetricValue, ...] = ()
    losses: StoredBlob | None = None
    host_log: str = Field(default="", max_length=LOG_CHARACTERS)


class Gpu(Message):
    """A kind of GPU by its driver's name, and the memory of one."""

    kind: str = Field(max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._()/+-]*$")
    memory_bytes: Memory


class Machine(Message):
    """The machine that a worker's jobs run on, and the GPU that each has, if any.

    It is the most that one job can have: the slots of a worker share CPUs and memory.
    """

    cpus: float = Field(ge=0.01, le=4096, allow_inf_nan=False)
    memory_bytes: Memory
    gpu: Gpu | None = None


class Presence(Message):
    """A worker says that it is there and what it offers. Sent at start and every 15 seconds.

    A score worker tells no `machine`: no model runs there. `hindrance` tells why no job can begin
    there at present, for the operators; it is empty while jobs can.
    """

    worker: str = Field(min_length=1, max_length=128)
    role: Role
    profile: Name
    slots: int = Field(ge=1, le=1024)
    strength: Strength | None = None
    formats: tuple[Name, ...] = ()
    machine: Machine | None = None
    hindrance: str = Field(default="", max_length=2048)
    version: str = Field(default="", max_length=64)
