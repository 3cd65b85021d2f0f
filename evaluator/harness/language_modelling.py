"""Language modelling beside a model that is scored here: the nats of each document.

Of participants' own code nothing is believed about probabilities; it is examined in lockstep.
"""

from dataclasses import dataclass

import numpy as np

from evaluator.harness.answers import Answer, rows_answer
from evaluator.harness.batches import Batch
from evaluator.harness.errors import ModelError
from evaluator.harness.protocol import FLOAT_BYTES
from evaluator.harness.runners import InputSpec, Model, TextSpec

NATS = "nats"
DOCUMENT = TextSpec(max_bytes=4096)


@dataclass(frozen=True)
class LanguageModelling:
    """The task beside the model: one number for each document."""

    inputs: InputSpec = DOCUMENT
    example_bytes: int = FLOAT_BYTES

    def answer(self, model: Model, batch: Batch) -> Answer:
        """See `Task`."""
        nats = model.predict(batch.inputs).get(NATS)
        if not isinstance(nats, np.ndarray) or nats.shape != (len(batch),):
            raise ModelError("The model tells no log-probabilities of text.")
        return rows_answer(nats[:, None])
