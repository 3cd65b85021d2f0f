"""Generation's files: references, one or several, and the texts of a model."""

from pathlib import Path

import pytest

from evaluator.tasks.errors import InvalidLabels, InvalidPredictions
from tests.evaluator.scoring.problems import TEXTS, task_of

ONE = task_of("generation", input=TEXTS, max_bytes=5)
SEVERAL = task_of("generation", input=TEXTS, max_bytes=5, several_references=True)


def written(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text)
    return folder / name


def labels(folder: Path, first: str, second: str = '"[""b""]"') -> Path:
    text = f"id,label,usage\na,{first},Public\nb,{second},Private\n"
    return written(folder, "labels.csv", text)


def test_a_label_is_the_reference(tmp_path: Path) -> None:
    values = ONE.read_labels(labels(tmp_path, '"a ""cat"", sat"')).values
    assert values.tolist() == [('a "cat", sat',), ('["b"]',)]


def test_or_a_list_of_references(tmp_path: Path) -> None:
    values = SEVERAL.read_labels(labels(tmp_path, '"[""x"", ""y""]"')).values
    assert values.tolist() == [("x", "y"), ("b",)]


@pytest.mark.parametrize("cell", ["x", "[]", "[1]", '"{""a"": 1}"', "[" * 5000])
def test_lists_that_are_none(tmp_path: Path, cell: str) -> None:
    with pytest.raises(InvalidLabels) as caught:
        SEVERAL.read_labels(labels(tmp_path, cell))
    assert caught.value.reason == "unknown_label"


def test_predictions_are_texts(tmp_path: Path) -> None:
    file = written(tmp_path, "texts.jsonl", '{"text": "abc"}\n{"text": ""}\n')
    assert ONE.read_predictions(file, 2).tolist() == ["abc", ""]


@pytest.mark.parametrize(
    "content",
    ['{"text": "abc"}\n', '{"text": "abcdef"}\n{"text": ""}\n', '{"text": "\\ud800"}\n' * 2],
    ids=["one missing", "too long", "a surrogate"],
)
def test_predictions_that_do_not_answer(tmp_path: Path, content: str) -> None:
    file = written(tmp_path, "texts.jsonl", content)
    with pytest.raises(InvalidPredictions) as caught:
        ONE.read_predictions(file, 2)
    assert caught.value.reason == "malformed"
