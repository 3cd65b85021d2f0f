"""Scores causal language models of transformers: nats a document, each token predicted once.

The log-softmax is taken here, so what is summed are probabilities whatever the model answers. A
document's tokens follow a start token, and long ones are cut into windows of the model's context,
each of which but the first repeats half of the window before as what is known already.

Texts of which a tokenizer gives each back from its tokens have tokens of their own, so the
probabilities of all texts sum to at most 1 and the nats are an upper bound of the text's own.
(To within the number of tokens, which is not predicted: at most 12 bits a document, since n bytes
have at most n + 1 tokens.)
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from evaluator.harness.causality_probe import CausalityProbe, Pass
from evaluator.harness.errors import LoadError, ModelError, TokenizerLossy
from evaluator.harness.language_modelling import NATS
from evaluator.harness.runners import Inputs, Outputs
from evaluator.harness.transformers_checkpoint import context_tokens
from evaluator.harness.windows import MOST_CONTEXT, Window, batches, cut_windows

TOKENS_AT_ONCE = {"cpu": 2**11, "cuda": 2**16}
LOGITS_AT_ONCE = {"cpu": 2**21, "cuda": 2**26}
"""The most of a batch of windows, by device. Larger batches leave a CPU's caches: at 2**13 tokens a
Llama of a million parameters takes a third longer than at 2**11."""

LEADING_TOKENS = 1
"""Some tokenizers put a token before a text, for a space that is none."""


class LanguageModel:
    """A causal language model with its tokenizer."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        """Raises `LoadError` for a tokenizer without a token to start from."""
        self._model = model
        self._tokenizer = tokenizer.backend_tokenizer
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        # "</s>" in a document is four characters like any others.
        self._tokenizer.encode_special_tokens = True
        self._start = _start_token(tokenizer, model.config)
        model.config.use_cache = False
        self._width = int(model.config.get_text_config().vocab_size)
        self._context = min(context_tokens(model.config) or MOST_CONTEXT, MOST_CONTEXT)
        self._batch_tokens = _batch_tokens(model.device.type, self._width)
        self._probe = CausalityProbe(
            self._log_probabilities, vocabulary=self._width, batch_tokens=self._batch_tokens
        )

    @torch.inference_mode()
    def predict(self, inputs: Inputs, kind: str = "") -> Outputs:
        """The negative log-likelihood in nats of each text, as `nats` [n] in float64.

        Raises `TokenizerLossy`, `NotCausal` and `ModelError`.
        """
        if isinstance(inputs, np.ndarray):
            raise ModelError("A language model takes texts; this competition gives arrays.")
        nats = np.zeros(len(inputs))
        windows = sorted(self._windows(inputs), key=lambda window: len(window.tokens))
        lengths = [len(window.tokens) for window in windows]
        passes = [self._pass(windows[batch]) for batch in batches(lengths, self._batch_tokens)]
        self._probe.examine(passes)
        for each in passes:
            np.add.at(nats, [window.document for window in each.windows], _losses(each))
        return {NATS: nats}

    def _windows(self, texts: Sequence[str]) -> Iterator[Window]:
        encodings = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        for document, (text, encoding) in enumerate(zip(texts, encodings, strict=True)):
            if len(encoding.ids) > (most := len(text.encode()) + LEADING_TOKENS):
                raise TokenizerLossy(
                    f"Document {document + 1} of this batch has {len(encoding.ids)} tokens; of its "
                    f"{most - LEADING_TOKENS} bytes a tokenizer may make at most {most}."
                )
            if self._tokenizer.decode(encoding.ids, skip_special_tokens=False) != text:
                raise TokenizerLossy(
                    f"Document {document + 1} of this batch is not what its "
                    f"{len(encoding.ids)} tokens decode to."
                )
            tokens = np.array([self._start, *encoding.ids], dtype=np.int64)
            yield from cut_windows(document, tokens, self._context)

    def _pass(self, windows: Sequence[Window]) -> Pass:
        longest = max(len(window.tokens) for window in windows)
        # No mask: what fills a row comes after the text, where a causal model can't look.
        tokens = np.full((len(windows), longest), self._start, dtype=np.int64)
        for row, window in zip(tokens, windows, strict=True):
            row[: len(window.tokens)] = window.tokens
        return Pass(windows, tokens, self._log_probabilities(tokens, tokens))

    def _log_probabilities(
        self, tokens: NDArray[np.int64], targets: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """The log-probability of each target [n, t] but the first, after the tokens before it."""
        device = self._model.device
        given = torch.from_numpy(tokens[:, :-1]).to(device)
        logits = self._model(input_ids=given).logits.float()
        wanted = torch.from_numpy(targets[:, 1:]).to(device)
        told = logits.log_softmax(dim=-1).gather(-1, wanted.unsqueeze(-1)).squeeze(-1)
        array: NDArray[np.float32] = told.cpu().numpy()
        if not np.isfinite(array).all():
            raise ModelError("A log-probability is not finite: a logit was NaN or infinite.")
        return array


def _start_token(tokenizer: Any, config: Any) -> int:
    own = getattr(config, "bos_token_id", None)
    for found in (tokenizer.bos_token_id, own, tokenizer.eos_token_id):
        if isinstance(found, int):
            return found
    raise LoadError(
        "The tokenizer names neither a bos nor an eos token. The first token of a document is "
        "predicted from one: set bos_token in tokenizer_config.json."
    )


def _batch_tokens(device: str, width: int) -> int:
    return min(TOKENS_AT_ONCE[device], LOGITS_AT_ONCE[device] // width)


def _losses(done: Pass) -> NDArray[np.float64]:
    """Nats of each window's tokens from `first` on."""
    scored = np.zeros(done.told.shape, dtype=bool)
    for row, window in zip(scored, done.windows, strict=True):
        row[window.first - 1 : len(window.tokens) - 1] = True
    losses: NDArray[np.float64] = -np.where(scored, done.told, 0.0).sum(axis=1, dtype=np.float64)
    return losses
