"""The solution of a custom metric: any columns, and which split each row counts for."""

from pathlib import Path

import pytest

from evaluator.contract import Split, TaskSpec
from evaluator.tasks.custom import custom_settings, read_solution
from evaluator.tasks.errors import InvalidLabels, InvalidTask


def test_a_solution_keeps_its_columns_and_loses_its_usage(tmp_path: Path) -> None:
    file = tmp_path / "solution.csv"
    file.write_text("x,Usage,id,y\n1, public ,a,\n2,Private,b,two\n3,PUBLIC,c,3\n")
    solution = read_solution(file)
    assert solution.columns == ("x", "y")
    assert solution.ids == ("a", "b", "c")
    assert [row.cells for row in solution.rows] == [("1", ""), ("2", "two"), ("3", "3")]
    assert solution.places(Split.PUBLIC).tolist() == [0, 2]
    assert solution.places(Split.PRIVATE).tolist() == [1]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("id,y\na,1\n", "wrong_columns"),
        ("id,usage,Usage\na,Public,Private\n", "wrong_columns"),
        ("id,usage\na,Public\nb,Ignored\n", "unknown_usage"),
        ("id,usage\na,Public\nb,Public\n", "empty_split"),
        ("id,usage\na,Private\n", "empty_split"),
        ("id,usage\n", "empty_split"),
        ("id,usage\na,Public\na,Private\n", "duplicate_id"),
    ],
    ids=["no usage", "two usages", "unknown", "no private", "no public", "no rows", "twice"],
)
def test_a_solution_that_can_not_be_used(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "solution.csv"
    file.write_text(text)
    with pytest.raises(InvalidLabels) as refused:
        read_solution(file)
    assert refused.value.reason == reason


def test_settings_are_checked() -> None:
    assert custom_settings(TaskSpec(type="custom", settings={"columns": ["y"]})).columns == ("y",)
    with pytest.raises(InvalidTask, match="invalid_settings"):
        custom_settings(TaskSpec(type="custom", settings={"column": "y"}))
