"""How a model failed, in sentences of ours.

They follow from the failure, the stage and the competition's limits, all of which its participant
may know, and from nothing that the model wrote. The platform and `minigiants score` say the same.
"""

from collections.abc import Mapping

from evaluator.contract import Device, Failure, Limits, Stage

_SENTENCES: Mapping[Failure, str] = {
    Failure.OUT_OF_MEMORY: "The model needed more than {memory_mib:g} MiB of memory.",
    Failure.LOAD_FAILED: (
        "The model cannot be loaded, or does not take the inputs that the competition has. The "
        "smoke run's log shows why."
    ),
    Failure.TENSORS_MISMATCH: (
        "The checkpoint does not hold exactly the tensors of its model. The smoke run's log names "
        "those that are missing, left over or of another shape."
    ),
    Failure.TOKENIZER_LOSSY: (
        "The tokenizer does not give each text back from its tokens, or makes too many of them."
    ),
    Failure.NOT_CAUSAL: (
        "The model's predictions depend on text that comes after what they predict."
    ),
    Failure.NOT_NORMALISED: (
        "The model's log-probabilities for a next byte are not those of a distribution."
    ),
    Failure.IMPOSSIBLE_BYTE: "A byte came to which the model had given no probability at all.",
    Failure.INVALID_PREDICTIONS: (
        "What came as predictions is not what the task asks for: for each example one row of "
        "finite numbers, or one text that is not too long."
    ),
    Failure.OUTPUT_TOO_LARGE: "The predictions have more than {output_bytes} bytes.",
    Failure.LOG_TOO_LARGE: "The model printed more than {log_bytes} bytes.",
}
_SENTENCES_OF_STAGES: Mapping[tuple[Failure, Stage], str] = {
    (Failure.TIMED_OUT, Stage.STARTING): ("Loading the model took longer than {load_seconds:g} s."),
    (Failure.TIMED_OUT, Stage.SMOKE): (
        "Predicting the public smoke inputs took longer than {smoke_seconds:g} s."
    ),
    (Failure.TIMED_OUT, Stage.HIDDEN): (
        "Predicting the hidden inputs took longer than {hidden_seconds:g} s."
    ),
    (Failure.CRASHED, Stage.STARTING): (
        "The process ended while it loaded the model. The smoke run's log may help."
    ),
    (Failure.CRASHED, Stage.SMOKE): (
        "The model failed on the public smoke inputs. The smoke run's log shows how."
    ),
    (Failure.CRASHED, Stage.HIDDEN): (
        "The model failed on the hidden inputs, after it had passed the smoke run."
    ),
}
"""Where a failure means another thing, or another limit, in each stage. Braces take a limit."""


_OUT_OF_MEMORY_ON_GPU = (
    "The model needed more memory than its GPU has, or more than {memory_mib:g} MiB beside it."
)


def sentence_of(
    failure: Failure, stage: Stage | None, limits: Limits, device: Device = "cpu"
) -> str:
    """What happened, with the limit that applied; empty where the model did not fail."""
    numbers = limits.model_dump()
    numbers["memory_mib"] = limits.memory_bytes / 1024**2
    sentence = _SENTENCES.get(failure, "")
    if stage is not None:
        sentence = _SENTENCES_OF_STAGES.get((failure, stage), sentence)
    if failure is Failure.OUT_OF_MEMORY and device != "cpu":
        sentence = _OUT_OF_MEMORY_ON_GPU
    return sentence.format(**numbers)
