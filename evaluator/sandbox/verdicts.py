"""The sentences in which a sandbox tells a failure. Nothing of the model's own gets into them."""

from dataclasses import dataclass
from enum import Enum

from evaluator.contract import Failure, Limits, Stage


class Detail(Enum):
    """All details of failures that a participant can be told. Braces take a limit."""

    NEEDS_CONTAINER = (
        "This format runs participants' code, which needs a container engine; this server has none."
    )
    LOAD_TIMED_OUT = "Loading the model took longer than {load_seconds:g} s."
    SMOKE_TIMED_OUT = "Predicting the public smoke inputs took longer than {smoke_seconds:g} s."
    HIDDEN_TIMED_OUT = "Predicting the hidden inputs took longer than {hidden_seconds:g} s."
    OUT_OF_MEMORY = "The model needed more than {memory_mib:g} MiB of memory."
    OUT_OF_MEMORY_ON_GPU = (
        "The model needed more memory than its GPU has, or more than {memory_mib:g} MiB beside it."
    )
    LOAD_FAILED = "The model could not be loaded. The smoke run's log shows why."
    LOAD_CRASHED = "The process ended while it loaded the model. The smoke run's log may help."
    SMOKE_CRASHED = "The model failed on the public smoke inputs. The smoke run's log shows how."
    HIDDEN_CRASHED = "The model failed on the hidden inputs, after it had passed the smoke run."
    WRONG_OUTPUT = (
        "The model's predictions do not have the shape and kind that the task asks for: for each "
        "example one row of finite numbers, or one text that is not too long."
    )
    TENSORS_MISMATCH = (
        "The checkpoint does not hold exactly the tensors of its model. The smoke run's log names "
        "those that are missing, left over or of another shape."
    )
    TOKENIZER_LOSSY = (
        "The tokenizer does not give back each text, byte for byte, from the tokens that it makes."
    )
    NOT_CAUSAL = "The model's predictions depend on text that comes after what they predict."
    NOT_NORMALISED = (
        "The model's log-probabilities for a next byte are not those of a distribution: their "
        "exponentials do not sum to 1 within 1e-4."
    )
    IMPOSSIBLE_BYTE = "A byte came to which the model had given no probability at all."
    OUT_OF_TURN = "The result channel, which belongs to the harness, carried something else."
    OUTPUT_TOO_LARGE = "The predictions have more than {output_bytes} bytes."
    LOG_TOO_LARGE = "The model printed more than {log_bytes} bytes."


@dataclass(frozen=True)
class Verdict:
    """A failure of the model, and the sentence that tells it."""

    failure: Failure
    detail: Detail

    def sentence(self, limits: Limits) -> str:
        """The detail for a participant, with the numbers of the limits that applied."""
        numbers = limits.model_dump()
        numbers["memory_mib"] = limits.memory_bytes / 1024**2
        return self.detail.value.format(**numbers)


class ModelFailed(Exception):
    """Ends a conversation with a verdict."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.detail.name)
        self.verdict = verdict


OUT_OF_MEMORY = Verdict(Failure.OUT_OF_MEMORY, Detail.OUT_OF_MEMORY)
OUT_OF_MEMORY_ON_GPU = Verdict(Failure.OUT_OF_MEMORY, Detail.OUT_OF_MEMORY_ON_GPU)
LOAD_FAILED = Verdict(Failure.LOAD_FAILED, Detail.LOAD_FAILED)
WRONG_OUTPUT = Verdict(Failure.INVALID_PREDICTIONS, Detail.WRONG_OUTPUT)
TENSORS_MISMATCH = Verdict(Failure.TENSORS_MISMATCH, Detail.TENSORS_MISMATCH)
TOKENIZER_LOSSY = Verdict(Failure.TOKENIZER_LOSSY, Detail.TOKENIZER_LOSSY)
NOT_CAUSAL = Verdict(Failure.NOT_CAUSAL, Detail.NOT_CAUSAL)
NOT_NORMALISED = Verdict(Failure.NOT_NORMALISED, Detail.NOT_NORMALISED)
IMPOSSIBLE_BYTE = Verdict(Failure.INVALID_PREDICTIONS, Detail.IMPOSSIBLE_BYTE)
OUT_OF_TURN = Verdict(Failure.INVALID_PREDICTIONS, Detail.OUT_OF_TURN)
OUTPUT_TOO_LARGE = Verdict(Failure.OUTPUT_TOO_LARGE, Detail.OUTPUT_TOO_LARGE)
LOG_TOO_LARGE = Verdict(Failure.LOG_TOO_LARGE, Detail.LOG_TOO_LARGE)
TIMED_OUT = {
    Stage.STARTING: Verdict(Failure.TIMED_OUT, Detail.LOAD_TIMED_OUT),
    Stage.SMOKE: Verdict(Failure.TIMED_OUT, Detail.SMOKE_TIMED_OUT),
    Stage.HIDDEN: Verdict(Failure.TIMED_OUT, Detail.HIDDEN_TIMED_OUT),
}
CRASHED = {
    Stage.STARTING: Verdict(Failure.CRASHED, Detail.LOAD_CRASHED),
    Stage.SMOKE: Verdict(Failure.CRASHED, Detail.SMOKE_CRASHED),
    Stage.HIDDEN: Verdict(Failure.CRASHED, Detail.HIDDEN_CRASHED),
}
NEEDS_CONTAINER = Verdict(Failure.NEEDS_CONTAINER, Detail.NEEDS_CONTAINER)
