"""The examination in which a model answers a text for each example."""

import json
from pathlib import Path

from evaluator.harness.protocol import TEXT_COUNT, TEXT_LENGTH, Kind
from evaluator.sandbox.batched import put_inputs
from evaluator.sandbox.examination import Dialogue, Exam, Outcome
from evaluator.sandbox.outputs import (
    TEXT_SUFFIX,
    InvalidPredictions,
    OutputFile,
    OutputTooLarge,
    example_count,
)


class TextsExamination:
    """Asks for one file of prompts at once, and takes a text of `max_bytes` bytes for each."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes

    def examine(self, dialogue: Dialogue, exam: Exam) -> Outcome:
        """See `Examination`."""
        examples = example_count(exam.inputs)
        file = exam.output and exam.output.with_suffix(TEXT_SUFFIX)
        with Texts(
            examples=examples,
            max_bytes=self._max_bytes,
            limit=dialogue.limits.output_bytes,
            file=file,
        ) as texts:
            seconds, latencies = put_inputs(dialogue, exam, Kind.TEXTS, texts.add)
            texts.keep()
        return Outcome(examples, seconds, file, latencies)


class Texts(OutputFile):
    """The answer to one run: `examples` texts in UTF-8, none longer than `max_bytes`, no NUL.

    With `file` they are written there as JSON Lines of at most `limit` bytes, without they are
    only checked.
    """

    def __init__(self, *, examples: int, max_bytes: int, limit: int, file: Path | None) -> None:
        super().__init__(file)
        self._left = examples
        self._max_bytes = max_bytes
        self._room = limit

    def add(self, payload: bytes) -> int:
        """Take the payload of a frame of texts and return how many there were.

        Raises `InvalidPredictions` or `OutputTooLarge`.
        """
        texts = self._cut(payload)
        self._left -= len(texts)
        for text in texts:
            line = json.dumps({"text": text}, ensure_ascii=False).encode() + b"\n"
            self._room -= len(line)
            if self._room < 0:
                raise OutputTooLarge
            self.write(line)
        return len(texts)

    def keep(self) -> None:
        """Leave the file, if there is one, complete and on disk.

        Raises `InvalidPredictions` if texts are missing.
        """
        if self._left:
            raise InvalidPredictions
        super().keep()

    def _cut(self, payload: bytes) -> list[str]:
        if len(payload) < TEXT_COUNT.size:
            raise InvalidPredictions
        count: int
        (count,) = TEXT_COUNT.unpack_from(payload)
        if not 1 <= count <= self._left:
            raise InvalidPredictions
        texts, place = [], TEXT_COUNT.size
        for _ in range(count):
            text, place = self._text_at(payload, place)
            texts.append(text)
        if place != len(payload):
            raise InvalidPredictions
        return texts

    def _text_at(self, payload: bytes, place: int) -> tuple[str, int]:
        """The text whose length stands at `place`, and where it ends."""
        start = place + TEXT_LENGTH.size
        if start > len(payload):
            raise InvalidPredictions
        (length,) = TEXT_LENGTH.unpack_from(payload, place)
        text = payload[start : start + length]
        if length > self._max_bytes or len(text) != length or b"\0" in text:
            raise InvalidPredictions
        try:
            return text.decode(), start + length
        except UnicodeDecodeError as error:
            raise InvalidPredictions from error
