"""What the command line asks, and what it is answered: one JSON document each."""

from pathlib import Path

from evaluator.contract import Limits, Measurements, Message, MetricSpec, TaskSpec


class PracticeRequest(Message):
    """A model, the inputs to predict, their labels, and how to run and score it."""

    format: str
    task: TaskSpec
    metrics: tuple[MetricSpec, ...]
    limits: Limits
    seed: int
    model: Path
    inputs: Path
    labels: Path


class PracticeScore(Message):
    """A metric over all examples."""

    metric: str
    value: float


class PracticeResult(Message):
    """How it went. `log` is all that the model wrote, which here nobody needs to hide."""

    failure: str | None
    failed_stage: str | None
    detail: str
    scores: tuple[PracticeScore, ...]
    examples: int
    measurements: Measurements | None
    log: str
