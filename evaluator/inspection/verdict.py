"""What inspection answers: a verdict with the reasons for refusal, or with the counts."""

from typing import Literal

from pydantic import Field

from evaluator.contract import Count, Message
from evaluator.inspection.limits import MAX_REFUSALS, MAX_TENSOR_SUMMARIES
from evaluator.inspection.refusals import Refusal


class Counts(Message):
    """What an artifact holds.

    `parameters` follows the rule of `evaluator.inspection.elements`. `tensor_bits` is 8 times the
    bytes of tensor data. `side_bytes` are all other bytes: headers, configurations, vocabularies,
    source as xz compresses it, and the paths of all files but the entry file, since a name can
    carry data; but not the documentation in an ONNX graph, which nothing in it can read.
    `artifact_bytes` is the sum of tensor bytes and side bytes.
    """

    parameters: Count
    tensor_bits: Count
    side_bytes: Count
    artifact_bytes: Count


class Workload(Message):
    """What one token, or one example, costs. Shown, and never held against a budget.

    `active_parameters` are those that it goes through; of a mixture of experts that is fewer than
    there are. `flops` are the operations of the matrix products that hold parameters: two for each
    weight each time it is used.
    """

    unit: Literal["token", "example"]
    active_parameters: Count
    flops: Count


class TensorSummary(Message):
    """One tensor, or one list of numbers in an attribute of a graph.

    `path` is the file that holds its data, `size` the bytes of that data.
    """

    name: str
    path: str
    dtype: str
    shape: tuple[int, ...]
    parameters: Count
    size: Count


class Verdict(Message):
    """The outcome of an inspection. Same files and same inspector version, same verdict.

    `counts` is None exactly when something is refused. `tensors` holds the biggest tensors, biggest
    first; `tensor_count` is how many there are in all. `workload` is known for some architectures.
    """

    inspector_version: str
    format: str
    refusals: tuple[Refusal, ...] = Field(default=(), max_length=MAX_REFUSALS)
    counts: Counts | None = None
    tensors: tuple[TensorSummary, ...] = Field(default=(), max_length=MAX_TENSOR_SUMMARIES)
    tensor_count: Count = 0
    workload: Workload | None = None

    @property
    def accepted(self) -> bool:
        """Whether the artifact may be handed in, budgets apart."""
        return not self.refusals
