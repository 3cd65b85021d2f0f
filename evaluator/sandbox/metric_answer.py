"""Reading what a metric's sandbox answered. Each byte may have been written by the metric."""

import unicodedata
from typing import Annotated, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from evaluator.harness.metric_answer import LINE_BYTES, LOSS_BYTES, MESSAGE_CHARACTERS
from evaluator.sandbox.metric_base import MetricFailed, SubmissionRefused


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class _Scored(_Answer):
    kind: Literal["score"]
    score: float = Field(allow_inf_nan=False)
    losses: int | None = Field(ge=0)


class _Refused(_Answer):
    kind: Literal["refused"]
    message: str = Field(max_length=MESSAGE_CHARACTERS)


class _Failed(_Answer):
    kind: Literal["failed"]
    message: str = Field(max_length=2 * MESSAGE_CHARACTERS)


_ANSWERS: Final[TypeAdapter[_Scored | _Refused | _Failed]] = TypeAdapter(
    Annotated[_Scored | _Refused | _Failed, Field(discriminator="kind")]
)


def answer_limit(rows: int) -> int:
    """How many bytes the answer for `rows` rows can have."""
    return LINE_BYTES + rows * LOSS_BYTES


def read_answer(answer: bytes, rows: int) -> tuple[float, NDArray[np.float64] | None]:
    """The score, and the losses [rows] if there are any: all of them finite.

    Raises `SubmissionRefused` and `MetricFailed`.
    """
    line, newline, data = answer[:LINE_BYTES].partition(b"\n")
    data += answer[LINE_BYTES:]
    if not newline:
        raise MetricFailed("The metric ended without an answer.")
    try:
        said = _ANSWERS.validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise MetricFailed(f"The metric's answer is none: {first['msg']}.") from error
    if isinstance(said, _Scored):
        return said.score, _losses(said.losses, data, rows)
    if data:
        raise MetricFailed("The metric answered more than once.")
    if isinstance(said, _Refused):
        raise SubmissionRefused(plain(said.message))
    raise MetricFailed(f"metric.py raised {plain(said.message)}")


def plain(text: str) -> str:
    """The text on one line, without characters that control how it is shown."""
    shown = "".join(
        " " if unicodedata.category(character)[0] in "CZ" else character for character in text
    )
    return " ".join(shown.split())


def _losses(counted: int | None, data: bytes, rows: int) -> NDArray[np.float64] | None:
    if len(data) != (counted or 0) * LOSS_BYTES:
        raise MetricFailed("The metric answered more than once, or less than it announced.")
    if counted is None:
        return None
    if counted != rows:
        raise MetricFailed(f"The metric answered {counted} losses for {rows} rows.")
    losses = np.frombuffer(data, dtype="<f8").astype(np.float64)
    if not np.isfinite(losses).all():
        raise MetricFailed("The metric's losses hold NaN or infinity.")
    return losses
