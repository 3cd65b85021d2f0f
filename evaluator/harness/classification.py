"""Classification: from whatever a model answers to class scores [n, k]."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.harness.errors import ModelError
from evaluator.harness.runners import InputSpec

SCORE_NAMES = ("probabilities", "output_probability", "probs", "logits", "scores")
"""Names by which exporters call class scores, the surest first."""


@dataclass(frozen=True)
class Classification:
    """A classification into `columns` classes, of examples that look like `inputs`."""

    inputs: InputSpec
    columns: int

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> "Classification":
        """Settings are `{"classes": k, "input": {"shape": [...], "dtype": "float32"}}`."""
        described = settings["input"]
        return cls(
            inputs=InputSpec(shape=tuple(described["shape"]), dtype=described["dtype"]),
            columns=int(settings["classes"]),
        )

    def rows(
        self, outputs: Mapping[str, NDArray[np.generic]], *, examples: int
    ) -> NDArray[np.float32]:
        """Class scores [examples, columns].

        Takes a float output of that shape, one with a telling name first; else an integer output
        [examples] or [examples, 1] of labels, as one-hot rows.
        """
        scores = [
            name
            for name, value in outputs.items()
            if value.dtype.kind == "f" and value.shape == (examples, self.columns)
        ]
        if scores:
            chosen = min(scores, key=_preference)
            return np.ascontiguousarray(outputs[chosen], dtype=np.float32)
        for value in outputs.values():
            if value.dtype.kind in "iu" and value.shape in ((examples,), (examples, 1)):
                return self._one_hot(value.reshape(examples))
        found = ", ".join(f"{name or 'result'}: {_describe(v)}" for name, v in outputs.items())
        raise ModelError(
            f"For {examples} examples the model has to answer class scores of shape "
            f"[{examples}, {self.columns}] in floating point, or integer labels of shape "
            f"[{examples}]. It answered {found or 'nothing'}."
        )

    def _one_hot(self, labels: NDArray[np.generic]) -> NDArray[np.float32]:
        if labels.size and (int(labels.min()) < 0 or int(labels.max()) >= self.columns):
            raise ModelError(
                f"The labels have to lie in 0 … {self.columns - 1}. The model answered "
                f"{int(labels.min())} … {int(labels.max())}."
            )
        rows = np.zeros((labels.size, self.columns), dtype=np.float32)
        rows[np.arange(labels.size), labels.astype(np.int64)] = 1.0
        return rows


def _preference(name: str) -> int:
    lowered = name.lower()
    for rank, known in enumerate(SCORE_NAMES):
        if lowered == known:
            return rank
    return len(SCORE_NAMES)


def _describe(value: NDArray[np.generic]) -> str:
    return f"{value.dtype} {list(value.shape)}"
