"""Each template is a pack that can be published: its data is right, its baseline scores."""

from pathlib import Path

import pytest

from client.errors import MinigiantsError
from client.pack_building import archive_write, built, pack_begin, template_names
from client.rehearsal import rehearse_all
from minigiants.api.resources.hosting import report_out
from minigiants.submissions.hosting import archive_check
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.mark.timeout(600)
@pytest.mark.parametrize("task", template_names())
def test_a_template_validates(task: str, tmp_path: Path) -> None:
    folder = pack_begin("my-first", task, tmp_path)
    staff = UserFactory.create(is_staff=True)
    with built(folder) as data:
        archive_write(folder, data, tmp_path / "pack.zip")
        with (tmp_path / "pack.zip").open("rb") as archive:
            report = archive_check(slug="my-first", archive=archive, actor=staff)
        assert report.spec.title == "My first"
        document = report_out(report).model_dump(mode="json")
        (rehearsed,) = rehearse_all(folder, data, document, tmp_path)
    assert rehearsed.fault == ""
    assert rehearsed.score == pytest.approx(rehearsed.announced, abs=1e-6)


@pytest.mark.parametrize(
    ("slug", "task", "code"),
    [
        ("My_Pack", "classification", "invalid_slug"),
        ("x" * 33, "classification", "invalid_slug"),
        ("good", "origami", "unknown_task"),
        ("good", "common", "unknown_task"),
    ],
)
def test_what_can_not_be_begun(slug: str, task: str, code: str, tmp_path: Path) -> None:
    with pytest.raises(MinigiantsError) as refused:
        pack_begin(slug, task, tmp_path)
    assert refused.value.code == code


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "good").mkdir()
    with pytest.raises(MinigiantsError, match="is there already"):
        pack_begin("good", "classification", tmp_path)


@pytest.mark.parametrize(
    ("builder", "message"),
    [("raise SystemExit('no source')", "no source"), (None, "is missing")],
)
def test_a_builder_that_fails_is_told(builder: str | None, message: str, tmp_path: Path) -> None:
    folder = pack_begin("good", "classification", tmp_path)
    (folder / "build_data.py").unlink()
    if builder is not None:
        (folder / "build_data.py").write_text(builder)
    with pytest.raises(MinigiantsError, match=message), built(folder):
        pass
