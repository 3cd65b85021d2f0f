"""Packs that bring their own metric, and packs that take results as a file."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from minigiants.competitions.models import PackFile
from minigiants.competitions.pack import PackSpec
from minigiants.competitions.problems import PackRefused
from minigiants.competitions.selectors import public_files
from minigiants.competitions.services import pack_publish

MakePack = Callable[..., Path]

METRIC = "def score(solution, submission, row_id_column_name):\n    return 0.5\n"
BUILDER = """
import sys
from pathlib import Path
for name, split in (("train.csv", "Seen"), ("solution.csv", "Public,Private")):
    rows = [f"{name[0]}{number},{number},{usage}" for number, usage in enumerate(split.split(","))]
    (Path(sys.argv[1]) / name).write_text(chr(10).join(["id,y,usage", *rows]))
"""


@pytest.fixture
def custom(tiny_specification: str) -> str:
    """The tiny competition with a metric of its own."""
    given = yaml.safe_load(tiny_specification)
    given["task"] = {"type": "custom", "settings": {"columns": ["y"]}}
    given["metric"] = {"time_seconds": 20}
    given["metrics"] = [{"name": "custom", "title": "Profit", "better": "higher"}]
    given["formats"] = ["predictions"]
    given["data"] = {"public": ["train.csv"], "labels": "solution.csv"}
    return yaml.safe_dump(given, sort_keys=False)


def messages(folder: Path) -> list[str]:
    with pytest.raises(PackRefused) as refused:
        pack_publish(folder=folder, actor=None)
    return [str(fault) for fault in refused.value.faults]


@pytest.mark.django_db
def test_the_metric_is_frozen_with_the_version_and_not_public(
    make_pack: MakePack, custom: str
) -> None:
    folder = make_pack(specification=custom, builder=BUILDER)
    (folder / "metric.py").write_text(METRIC)
    first = pack_publish(folder=folder, actor=None)
    code = first.files.get(role=PackFile.Role.METRIC_CODE)
    assert (code.path, code.size) == ("metric.py", len(METRIC))
    assert [file.path for file in public_files(version=first)] == ["train.csv"]
    assert first.spec.metric is not None
    assert (first.spec.metric.limits.time_seconds, first.spec.ranking_metric.higher_is_better) == (
        20,
        True,
    )
    (folder / "metric.py").write_text(METRIC.replace("0.5", "0.6"))
    second = pack_publish(folder=folder, actor=None)
    assert second.number == 2
    assert second.files.get(role=PackFile.Role.METRIC_CODE).digest != code.digest


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (None, "metric.py: is missing"),
        ("def score(:\n", "metric.py:1: is not Python"),
        ("def evaluate(solution, submission): ...\n", "metric.py: defines no function score("),
        ("x = '\0'", "metric.py: is not Python"),
    ],
    ids=["missing", "syntax", "another name", "nul"],
)
def test_a_metric_that_can_not_be_called_is_refused(
    make_pack: MakePack, custom: str, code: str | None, says: str
) -> None:
    folder = make_pack(specification=custom, builder=BUILDER)
    if code is not None:
        (folder / "metric.py").write_text(code)
    assert any(message.startswith(says) for message in messages(folder))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("  better: higher\n", "", "metrics[0]: say which score is better"),
        ("name: custom", "name: accuracy", "metrics"),
        ("metric:\n  time_seconds: 20\n", "", "metric: the task 'custom', and no other"),
        ("file: metric.py", "file: ../metric.py", "metric.file"),
        ("time_seconds: 20", "time_seconds: 0", "metric.time_seconds: must be greater than 0"),
        ("- predictions", "- onnx", "formats: the task 'custom' takes"),
        ("- predictions", "- predictions\n- onnx", "formats: 'predictions' stands alone"),
        ("labels:", "hidden_inputs: x.npy\n  labels:", "data: no model runs here"),
        ("  - y", "  - ''", "task.settings.columns[0]: must not be empty"),
    ],
)
def test_what_does_not_suit_a_custom_metric_is_told(
    make_pack: MakePack, custom: str, old: str, new: str, says: str
) -> None:
    text = custom.replace("metric:\n", "metric:\n  file: metric.py\n") if "file" in old else custom
    assert old in text
    folder = make_pack(specification=text.replace(old, new), builder=BUILDER)
    (folder / "metric.py").write_text(METRIC)
    told = messages(folder)
    assert any(says in message and "competition.yaml:" in message for message in told), told


def test_models_need_inputs(make_pack: MakePack, tiny_specification: str) -> None:
    text = tiny_specification.replace("  hidden_inputs: hidden/test.npy\n", "")
    assert any("data: models need both" in said for said in messages(make_pack(specification=text)))


def test_a_wrong_setting_of_a_task_has_its_line(
    make_pack: MakePack, tiny_specification: str
) -> None:
    text = tiny_specification.replace("classes: ", "classes: 1 # ", 1)
    line = text[: text.index("classes: 1")].count("\n") + 1
    assert f"competition.yaml:{line}: task.settings.classes: must be at least 2" in messages(
        make_pack(specification=text)
    )


def test_results_as_a_file_suit_some_tasks_alone(tiny_specification: str) -> None:
    given = yaml.safe_load(tiny_specification)
    given["formats"] = ["predictions"]
    given["data"] = {"public": ["train.csv"], "labels": "labels.csv"}
    spec = PackSpec.model_validate(given)
    assert spec.data.hidden_inputs is None
    given["task"] = {"type": "embedding", "settings": {"input": {"text": {"max_bytes": 9}}}}
    given["metrics"] = [{"name": "mrr", "title": "MRR"}]
    with pytest.raises(ValueError, match="can't be handed in as a file"):
        PackSpec.model_validate(given)


@pytest.mark.django_db
def test_the_documentations_example_can_be_published(
    make_pack: MakePack, tiny_specification: str
) -> None:
    chapter = (Path(__file__).parents[3] / "docs" / "packs.md").read_text()
    chapter = chapter.partition("## A metric of your own")[2]
    example, code = (
        chapter.partition(f"```{language}\n")[2].partition("```")[0]
        for language in ("yaml", "python")
    )
    text = yaml.safe_dump(yaml.safe_load(tiny_specification) | yaml.safe_load(example))
    builder = BUILDER.replace('(("train.csv",', '(("test.csv", "Seen"), ("train.csv",')
    folder = make_pack(specification=text, builder=builder)
    (folder / "metric.py").write_text(code)
    version = pack_publish(folder=folder, actor=None)
    assert version.spec.ranking_metric.params == {"weight": 2}
