"""Inputs are arrays or texts, as the settings say and the ending tells."""

from pathlib import Path

import numpy as np
import pytest

from evaluator.contract import TaskSpec
from evaluator.task_settings import ArrayInput, TextInput, TextLimits
from evaluator.tasks import load_task
from evaluator.tasks.errors import InvalidInputs, InvalidTask
from evaluator.tasks.inputs import count_inputs

ARRAYS = ArrayInput(shape=(2,), dtype="float32")
TEXTS = TextInput(text=TextLimits(max_bytes=5))


def array(folder: Path, examples: int) -> Path:
    np.save(folder / "inputs.npy", np.zeros((examples, 2), np.float32))
    return folder / "inputs.npy"


def texts(folder: Path, content: str) -> Path:
    (folder / "inputs.jsonl").write_text(content)
    return folder / "inputs.jsonl"


def test_both_kinds_are_counted(tmp_path: Path) -> None:
    assert count_inputs(array(tmp_path, 3), ARRAYS) == 3
    assert count_inputs(texts(tmp_path, '{"text": "a"}\n{"text": ""}\n'), TEXTS) == 2


def test_embedding_knows_what_a_text_is_for(tmp_path: Path) -> None:
    task = load_task(TaskSpec(type="embedding", settings={"input": {"text": {"max_bytes": 9}}}))
    assert task.count_examples(texts(tmp_path, '{"text": "a", "kind": "query"}\n')) == 1
    for line in ('{"text": "a"}', '{"text": "a", "kind": "question"}'):
        with pytest.raises(InvalidInputs, match="kind"):
            task.count_examples(texts(tmp_path, line))


@pytest.mark.parametrize(
    ("content", "reason"),
    [("", "no_examples"), ('{"text": "abcdef"}', "malformed"), ('{"txt": "a"}', "malformed")],
    ids=["nothing", "too long", "another key"],
)
def test_wrong_texts(tmp_path: Path, content: str, reason: str) -> None:
    with pytest.raises(InvalidInputs) as caught:
        count_inputs(texts(tmp_path, content), TEXTS)
    assert caught.value.reason == reason


def test_the_ending_has_to_fit(tmp_path: Path) -> None:
    for file, expected in (
        (array(tmp_path, 3), TEXTS),
        (texts(tmp_path, '{"text": "a"}\n'), ARRAYS),
    ):
        with pytest.raises(InvalidInputs) as caught:
            count_inputs(file, expected)
        assert caught.value.reason == "wrong_kind"


@pytest.mark.parametrize(
    ("described", "says"),
    [
        ({"text": {}}, "input.text.text.max_bytes"),
        ({"text": {"max_bytes": 0}}, "input.text.text.max_bytes"),
        ({"text": {"max_bytes": 65_537}}, "65536"),
        ({"text": {"max_bytes": 5}, "shape": [1]}, "input.text.shape"),
        ({"shape": []}, "input.array.shape"),
        ({"dtype": "float32"}, "input.array.shape"),
    ],
    ids=["no length", "no byte", "too long", "both", "no axis", "no shape"],
)
def test_what_an_input_may_be(described: object, says: str) -> None:
    with pytest.raises(InvalidTask, match=says):
        load_task(TaskSpec(type="regression", settings={"input": described}))


def test_a_task_tells_all_its_settings() -> None:
    task = load_task(TaskSpec(type="regression", settings={"input": {"shape": [2]}}))
    assert task.spec == TaskSpec(
        type="regression",
        settings={"input": {"shape": [2], "dtype": "float32"}, "targets": 1},
    )
    assert load_task(task.spec).spec == task.spec
