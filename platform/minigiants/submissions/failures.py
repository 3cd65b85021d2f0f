"""What each failure means to the participant: what happened, why, and how to mend it.

A hidden run may say nothing but a code from this list, so these texts are all that its
participant gets to read, beside a sentence of `evaluator.failure_sentences`, which names the limit.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from evaluator.contract import Failure


@dataclass(frozen=True)
class Explanation:
    """A failure in words."""

    title: str
    why: str
    mend: str


EXPLANATIONS: Mapping[Failure, Explanation] = {
    Failure.OUT_OF_MEMORY: Explanation(
        "The model ran out of memory",
        "What passes the memory that the competition allows is stopped; nothing is swapped out.",
        "Process smaller batches, load weights once, and free what is no longer needed.",
    ),
    Failure.TIMED_OUT: Explanation(
        "The model took too long",
        "Loading, the smoke run and the hidden run each have a time that the competition allows; "
        "what passes it is stopped.",
        "Make it faster, or move work from predicting into training. "
        "`minigiants score` shows the time on your machine.",
    ),
    Failure.CRASHED: Explanation(
        "The model's process died",
        "The process ended before it had answered: by an exception, an exit, or a fault in native "
        "code.",
        "The smoke run's log shows what it wrote on public data. "
        "Try inputs of other sizes and ranges with `minigiants score`.",
    ),
    Failure.LOAD_FAILED: Explanation(
        "The model could not be loaded",
        "It was refused before it had seen a hidden input.",
        "The smoke run's log shows the error. Check file names and versions with "
        "`minigiants score`.",
    ),
    Failure.TENSORS_MISMATCH: Explanation(
        "The checkpoint's tensors are not the model's",
        "A tensor was missing, left over or of another shape; a missing one would be filled with "
        "random numbers that nobody counted.",
        "Save the model with save_pretrained of the class that the task needs. The smoke run's log "
        "names the tensors.",
    ),
    Failure.TOKENIZER_LOSSY: Explanation(
        "The tokenizer loses text",
        "Decoding the tokens of a document did not give the document back, byte for byte, or there "
        "were more tokens than bytes. Their probabilities would not be those of the text.",
        "Use a tokenizer on bytes (ByteLevel, or byte fallback) without a normalizer, and try it: "
        "tokenizer.decode(tokenizer.encode(text)) == text.",
    ),
    Failure.NOT_CAUSAL: Explanation(
        "The model looks ahead",
        "They changed when only the text that follows was replaced by other text.",
        "Use a causal model. An encoder such as BERT sees the whole text, the answer included.",
    ),
    Failure.NOT_NORMALISED: Explanation(
        "The model's probabilities do not sum to 1",
        "For each next byte the exponentials of its 256 log-probabilities have to sum to 1, within "
        "1e-4.",
        "Return the result of a log-softmax over the 256 bytes, in float32.",
    ),
    Failure.IMPOSSIBLE_BYTE: Explanation(
        "The model gave a byte no probability",
        "The log-probability of a byte that came was -inf, so its loss would be infinite.",
        "Leave every byte some probability, as by mixing in a little of the uniform distribution "
        "before the logarithm. -inf is for bytes that can never come.",
    ),
    Failure.INVALID_PREDICTIONS: Explanation(
        "The predictions are not what the task asks for",
        "They had the wrong shape or type, held NaN or infinity, were no probabilities where those "
        "are due, were texts that are too long or not UTF-8, or broke the protocol.",
        "Compare the model's output with the Data page: for each example one row of finite "
        "numbers, or one text. `minigiants score` makes the same checks.",
    ),
    Failure.OUTPUT_TOO_LARGE: Explanation(
        "The model sent more than predictions",
        "Its output passed the size that the predictions of the whole test set can have.",
        "Return only the predictions.",
    ),
    Failure.LOG_TOO_LARGE: Explanation(
        "The model wrote too much to its log",
        "Standard output and standard error together passed the limit.",
        "Print less, above all inside loops.",
    ),
    Failure.NEEDS_CONTAINER: Explanation(
        "No worker here runs the format",
        "`python` takes a worker with a container engine, since participants' code runs in it; "
        "`transformers` takes one with a container engine, or with torch and transformers.",
        "Hand in an ONNX model, or ask the operators for such a worker.",
    ),
    Failure.SCORING_FAILED: Explanation(
        "The predictions could not be scored",
        "The metric failed on them. That is the organizers' to mend, not yours.",
        "The organizers have been told. Nothing was charged.",
    ),
    Failure.WORKER_FAULT: Explanation(
        "A fault of the platform stopped the run",
        "It was tried again as often as that may help.",
        "Nothing was charged. Hand the model in again, and tell the operators if it recurs.",
    ),
    Failure.WORKER_LOST: Explanation(
        "The worker was lost, several times",
        "Each worker that took this submission stopped answering before it was done.",
        "Nothing was charged. Hand the model in again, and tell the operators if it recurs.",
    ),
    Failure.HANDED_BACK: Explanation(
        "Workers were stopped under the run, again and again",
        "Each worker that took this submission was stopped before it was done, and handed it back.",
        "Nothing was charged. Hand the model in again, and ask the operators to let workers run "
        "longer, or to give them more time to stop (MINIGIANTS_WORKER_GRACE_SECONDS).",
    ),
}

_UNRUNNABLE: Mapping[str, Explanation] = {
    "python": Explanation(
        "No worker here can run participants' code",
        "The format python runs participants' code, which takes a container engine, and no worker "
        "that is there has one.",
        "Hand in an ONNX model, which needs none. Operators: install Docker and build the harness "
        "image with `make harness-image`.",
    ),
    "transformers": Explanation(
        "No worker here can run checkpoints of transformers",
        "The format transformers takes torch and transformers, or a container engine, and no "
        "worker that is there has either.",
        "Hand in an ONNX model, which needs neither. Operators: run `make torch` and install "
        "transformers beside the worker, or install Docker and build the harness image with "
        "`make harness-image`.",
    ),
}


def unrunnable(format_name: str) -> Explanation:
    """Why a model is not run, where there are workers and none of them runs its format."""
    return _UNRUNNABLE.get(format_name) or Explanation(
        f"No worker here runs the format {format_name}",
        f"The workers that are there offer other formats than {format_name}.",
        "Hand in a model of another format, or ask the operators for a worker that runs this one.",
    )


def explanation_of(failure: Failure, format_name: str) -> Explanation:
    """What a failure of a model of the format means."""
    return unrunnable(format_name) if failure is Failure.NEEDS_CONTAINER else EXPLANATIONS[failure]
