"""What a transformers model answers to texts, by the kind of its head."""

from typing import Any

import numpy as np
import torch

from evaluator.harness.errors import LoadError, ModelError
from evaluator.harness.runners import Inputs, Outputs
from evaluator.harness.transformers_checkpoint import context_tokens, import_transformers


class Encoder:
    """Texts to padded batches of tokens on the model's device, cut to what the model takes."""

    def __init__(self, tokenizer: Any, model: Any) -> None:
        """Raises `LoadError` where nothing can pad."""
        self.tokenizer = tokenizer
        self._model = model
        if tokenizer.pad_token_id is None:
            tokenizer.pad_token = tokenizer.eos_token
        if tokenizer.pad_token_id is None:
            raise LoadError("The tokenizer has neither a pad nor an eos token to fill batches.")
        if getattr(model.config, "pad_token_id", None) is None:
            model.config.pad_token_id = tokenizer.pad_token_id

    def encode(
        self, texts: Inputs, *, padding_side: str = "right", room: int = 0
    ) -> dict[str, torch.Tensor]:
        """`input_ids`, `attention_mask` and what else the model takes, each [n, longest].

        A text that is too long loses its end, or with padding on the left its beginning. `room`
        tokens of the context are left free.
        """
        if isinstance(texts, np.ndarray):
            raise ModelError("A transformers model takes texts; this competition gives arrays.")
        context = context_tokens(self._model.config)
        self.tokenizer.padding_side = self.tokenizer.truncation_side = padding_side
        encoded = self.tokenizer(
            texts,
            padding=True,
            truncation=context is not None,
            max_length=None if context is None else max(1, context - room),
            return_tensors="pt",
        )
        return {name: value.to(self._model.device) for name, value in encoded.items()}


class Logits:
    """A head that answers `logits` [n, k]: a sequence classification or regression."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self._model = model
        self._encoder = Encoder(tokenizer, model)

    @torch.inference_mode()
    def predict(self, inputs: Inputs, kind: str = "") -> Outputs:
        """See `Model`."""
        logits = self._model(**self._encoder.encode(inputs)).logits
        return self._named(logits.float())

    def _named(self, logits: torch.Tensor) -> Outputs:
        return {"logits": logits.cpu().numpy()}


class Probabilities(Logits):
    """A head that classifies: its `logits` [n, k], and their softmax as `probabilities`.

    Without code of its own a model could not answer probabilities, which some metrics need.
    """

    def _named(self, logits: torch.Tensor) -> Outputs:
        probabilities = torch.softmax(logits, dim=-1)
        return {"logits": logits.cpu().numpy(), "probabilities": probabilities.cpu().numpy()}


class Embeddings:
    """No head: the mean of the last hidden states of a text's own tokens, `embeddings` [n, d]."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self._model = model
        self._encoder = Encoder(tokenizer, model)

    @torch.inference_mode()
    def predict(self, inputs: Inputs, kind: str = "") -> Outputs:
        """See `Model`. Queries and documents are embedded alike."""
        encoded = self._encoder.encode(inputs)
        hidden = self._model(**encoded).last_hidden_state.float()
        mask = encoded["attention_mask"].unsqueeze(-1).float()
        mean = (hidden * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)
        return {"embeddings": mean.cpu().numpy()}


class Texts:
    """A head that writes: `texts`, greedily, of at most `max_bytes` bytes of UTF-8 each."""

    def __init__(self, model: Any, tokenizer: Any, *, max_bytes: int) -> None:
        self._model = model
        self._encoder = Encoder(tokenizer, model)
        self._max_bytes = max_bytes
        context = context_tokens(model.config)
        self._new_tokens = max_bytes if context is None else min(max_bytes, max(1, context // 2))
        model.generation_config = _greedy(model, self._encoder.tokenizer, self._new_tokens)

    @torch.inference_mode()
    def predict(self, inputs: Inputs, kind: str = "") -> Outputs:
        """See `Model`. Of a prompt that is too long the end is read.

        The answer may take up to half of the model's context.
        """
        room = 0 if self._model.config.is_encoder_decoder else self._new_tokens
        encoded = self._encoder.encode(inputs, padding_side="left", room=room)
        encoded.pop("token_type_ids", None)
        tokens = self._model.generate(**encoded)
        if not self._model.config.is_encoder_decoder:
            tokens = tokens[:, encoded["input_ids"].shape[1] :]
        texts = self._encoder.tokenizer.batch_decode(
            tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return {"texts": [self._cut(text) for text in texts]}

    def _cut(self, text: str) -> str:
        encoded = text.replace("\0", "").encode(errors="replace")
        return encoded[: self._max_bytes].decode(errors="ignore")


def _greedy(model: Any, tokenizer: Any, new_tokens: int) -> Any:
    """The settings of the search. Of the artifact's own only the special tokens are taken."""
    own = model.generation_config
    return import_transformers().GenerationConfig(
        do_sample=False,
        num_beams=1,
        max_new_tokens=new_tokens,
        bos_token_id=own.bos_token_id,
        eos_token_id=own.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        decoder_start_token_id=own.decoder_start_token_id,
    )
