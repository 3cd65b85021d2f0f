"""Scores causal language models in ONNX: bytes in, a distribution of the byte after each out.

The log-softmax is taken here, so what is summed are probabilities whatever the graph answers. A
graph can be built to look at later text at any place that it likes, and at other rows. So each pass
has one row, a window of one document; and a second pass of the same shape, in which the text after
a cut is replaced, must tell the same about the text before it. The cut falls by chance, most likely
where the model is better than pairs of bytes let expect: there reading ahead would pay.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.harness.errors import LoadError, ModelError, NotCausal
from evaluator.harness.language_modelling import NATS
from evaluator.harness.onnx_model import DTYPES, OnnxModel
from evaluator.harness.outputs import described, float_output
from evaluator.harness.runners import Inputs, Outputs
from evaluator.harness.windows import MOST_CONTEXT, TOLERANCE, Window, cut_windows

START = 0
"""What stands before the first byte of a document, which holds no NUL."""

BYTES = 256
LOGIT_NAMES = ("logits", "log_probabilities", "log_probs", "scores", "output")
"""Names by which exporters call the scores of the next byte, the surest first."""

WIDTHS = 256
"""A graph of any length is given multiples of it: the exact length of a document is no input."""

LEAST_GAIN = 0.05
"""Nats by which every place is weighted at least when a cut is drawn."""


def language_model(session: Any) -> "OnnxLanguageModel":
    """The model of an open session, if it takes bytes. Raises `LoadError`."""
    given = session.get_inputs()
    if len(given) != 1:
        raise LoadError(f"The model has {len(given)} inputs; it is given one, int64 [1, length].")
    taken = given[0]
    dtype = DTYPES.get(taken.type)
    shape = list(taken.shape)
    if dtype is None or np.dtype(dtype).kind not in "iu" or len(shape) != 2 or shape[0] == 0:
        raise LoadError(
            f"The model's input {taken.name!r} is {taken.type} {shape}; a language model is given "
            "bytes, int64 [batch, length]."
        )
    if isinstance(shape[0], int) and shape[0] != 1:
        raise LoadError(f"The batch size of {taken.name!r} is fixed at {shape[0]}; it has to be 1.")
    if np.iinfo(dtype).max < BYTES - 1:
        raise LoadError(f"The input {taken.name!r} is {taken.type}, which does not hold a byte.")
    context = shape[1] if isinstance(shape[1], int) else None
    if context is not None and not 2 <= context < MOST_CONTEXT:
        raise LoadError(
            f"The length of {taken.name!r} is fixed at {context}; it has to lie in 2 … "
            f"{MOST_CONTEXT - 1}, or be dynamic."
        )
    model = OnnxModel(session, input_name=taken.name, dtype=dtype, text_bytes=0)
    return OnnxLanguageModel(model, context)


class OnnxLanguageModel:
    """A causal language model over bytes."""

    def __init__(self, model: OnnxModel, context: int | None) -> None:
        """`context` is the length of each pass, None for a model that takes any."""
        self._model = model
        self._width = context
        self._context = context or MOST_CONTEXT - 1
        self._generator = np.random.default_rng()

    def predict(self, inputs: Inputs, kind: str = "") -> Outputs:
        """The negative log-likelihood in nats of each text, as `nats` [n] in float64.

        Raises `NotCausal` and `ModelError`.
        """
        if isinstance(inputs, np.ndarray):
            raise ModelError("A language model takes texts; this competition gives arrays.")
        documents = [
            np.frombuffer(b"\0" + text.encode(), dtype=np.uint8).astype(np.int64) for text in inputs
        ]
        expected = pair_nats(documents)
        nats = np.zeros(len(documents))
        for number, tokens in enumerate(documents):
            for window in cut_windows(number, tokens, self._context):
                nats[number] += self._nats(window, expected)
        return {NATS: nats}

    def _nats(self, window: Window, expected: NDArray[np.float64]) -> float:
        """Of the window's tokens from `first` on; see that none of them sees what follows it."""
        given, targets = window.tokens[:-1], window.tokens[1:]
        width = self._width or -(-len(given) // WIDTHS) * WIDTHS
        padded = np.full(width, START, dtype=np.int64)
        padded[: len(given)] = given
        told = self._told(padded, targets)
        gains = expected[given, targets] - told
        if (cut := self._cut(gains, window.first)) is not None:
            self._probe(padded, targets, told, cut)
        return float(told[window.first - 1 :].sum())

    def _cut(self, gains: NDArray[np.float64], first: int) -> int | None:
        """The place in a window's inputs from which on the text is to be replaced.

        That is where the first target of which the model must not know stands. `gains` [t] tell
        how many nats it is better than expected at each target. None where no input is a target.
        """
        weights = np.maximum(gains[first - 1 : -1], 0) + LEAST_GAIN
        if not len(weights):
            return None
        return first + int(self._generator.choice(len(weights), p=weights / weights.sum()))

    def _probe(
        self,
        padded: NDArray[np.int64],
        targets: NDArray[np.int64],
        told: NDArray[np.float64],
        cut: int,
    ) -> None:
        replaced = padded.copy()
        replaced[cut:] = self._generator.integers(1, BYTES, size=len(padded) - cut)
        moved = np.abs(self._told(replaced, targets[:cut]) - told[:cut])
        if not (moved <= TOLERANCE).all():
            raise NotCausal(
                f"Log-probabilities moved by up to {moved.max():.2g} nats when only later text was "
                "replaced. The distribution at a place may depend on the bytes up to it alone, and "
                "not on chance."
            )

    def _told(self, padded: NDArray[np.int64], targets: NDArray[np.int64]) -> NDArray[np.float64]:
        """The nats of each target [t], which comes after the input at its place."""
        outputs = self._model.predict(padded[None])
        wanted = (1, len(padded), BYTES)
        scores = float_output(outputs, LOGIT_NAMES, lambda shape: shape == wanted)
        if scores is None:
            raise ModelError(
                f"For bytes [1, {len(padded)}] the model has to answer scores of the byte after "
                f"each, {list(wanted)} in floating point. It answered {described(outputs)}."
            )
        rows = scores[0, : len(targets)].astype(np.float64)
        with np.errstate(invalid="ignore"):  # infinity less infinity is refused below
            rows -= rows.max(axis=1, keepdims=True)
        sums = np.log(np.exp(rows).sum(axis=1))
        nats: NDArray[np.float64] = sums - rows[np.arange(len(targets)), targets]
        if not np.isfinite(nats).all():
            raise ModelError("A log-probability is not finite: a score was NaN or infinite.")
        return nats


def pair_nats(documents: Sequence[NDArray[np.int64]]) -> NDArray[np.float64]:
    """What pairs of bytes let expect: the nats [256, 256] of a byte after the one before it.

    The pairs are counted in the documents themselves, half an occurrence being added to each.
    """
    counts = np.full((BYTES, BYTES), 0.5)
    for tokens in documents:
        np.add.at(counts, (tokens[:-1], tokens[1:]), 1)
    nats: NDArray[np.float64] = -np.log(counts / counts.sum(axis=1, keepdims=True))
    return nats
