"""`check` and the server: one verdict on the same files, whatever they are."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

import tests.evaluator.inspection.artifacts as artifacts
import tests.evaluator.inspection.checkpoints as checkpoints
import tests.evaluator.inspection.test_catalogue as catalogue
from client.checking import check_files
from client.local import local_files
from evaluator.inspection import RefusalCode, inspect_artifact
from minigiants.api.resources.artifacts import artifact_out
from minigiants.artifacts.models import Blob
from minigiants.artifacts.services import AnnouncedFile, upload_complete, upload_create
from minigiants.core.blobstore import store_file
from minigiants.teams.models import Team
from tests.evaluator.inspection.artifacts import MemoryFile
from tests.support.factories import CompetitionFactory, TeamFactory, member_of, pack_spec

pytestmark = pytest.mark.django_db

BASELINES = sorted(
    (Path(__file__).resolve().parents[2] / "competitions").glob("*/baselines/*/artifact")
)
NEVER_SENT = {
    RefusalCode.LINK,  # refused before anything is sent, by whoever reads the folder
    RefusalCode.SPECIAL_FILE,
    RefusalCode.FILE_TRUNCATED,  # a store's fault: sizes that are not those of the bytes
    RefusalCode.ONNX_TOO_LARGE,
    RefusalCode.PREDICTIONS_TOO_LARGE,
    RefusalCode.UNKNOWN_FORMAT,  # both find the format out by themselves
    RefusalCode.TOO_MANY_FILES,  # refused at the announcement, by `refused_by_limits` here
    RefusalCode.PATH_DUPLICATE,
}


@pytest.fixture
def team() -> Team:
    spec = pack_spec(
        formats=["onnx", "python", "transformers"],
        upload={"max_bytes": 256 * 1024**2, "max_files": 64},
    )
    return TeamFactory(competition=CompetitionFactory(spec=spec))


def limits_of(team: Team) -> dict[str, Any]:
    answer = Client().get(f"/api/v1/competitions/{team.competition.slug}/limits")
    limits: dict[str, Any] = answer.json()
    return limits


def verdict_there(team: Team, files: Sequence[MemoryFile], folder: Path) -> dict[str, Any]:
    """What the server says of files that an upload has brought."""
    session = upload_create(
        user=member_of(team),
        competition=team.competition,
        files=[AnnouncedFile(file.path, len(file.content)) for file in files],
    )
    for number, (row, file) in enumerate(
        zip(session.files.order_by("position"), files, strict=True)
    ):
        content = folder / str(number)
        content.write_bytes(file.content)
        with transaction.atomic():
            stored = store_file(content)
        row.blob, _ = Blob.objects.get_or_create(
            digest=stored.digest, defaults={"size": stored.size}
        )
        row.save()
    artifact = upload_complete(user=member_of(team), upload_id=session.pk)
    return artifact_out(artifact).inspection.model_dump(mode="json")


def refused_artifact(
    code: RefusalCode, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> list[MemoryFile]:
    """The files of the catalogue's example of `code`."""
    seen: list[Any] = []

    def noted(files: Any, *, format: str) -> Any:  # noqa: A002
        seen.extend(files)
        return inspect_artifact(files, format=format)

    with monkeypatch.context() as patched:
        for module in (artifacts, checkpoints, catalogue):
            patched.setattr(module, "inspect_artifact", noted)
        catalogue.CASES[code](folder)
    return seen


@pytest.mark.parametrize("code", sorted(set(RefusalCode) - NEVER_SENT))
def test_refused_alike(
    code: RefusalCode, team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_when_imported = {RefusalCode.FORMAT_NOT_ACCEPTED, RefusalCode.OVER_BUDGET}
    files = (
        [MemoryFile("model.py", artifacts.MODEL_SOURCE), MemoryFile("w.npy", b"no array")]
        if code in made_when_imported
        else refused_artifact(code, tmp_path, monkeypatch)
    )
    here = check_files(files, limits_of(team))
    assert here == verdict_there(team, files, tmp_path)
    assert here["accepted"] is False
    assert here["refusals"]


@pytest.mark.parametrize("baseline", BASELINES, ids=lambda path: path.parent.name)
def test_baselines_are_measured_alike(baseline: Path, team: Team, tmp_path: Path) -> None:
    local = local_files(baseline)
    here = check_files(local, limits_of(team))
    files = [MemoryFile(file.path, file.location.read_bytes()) for file in local]
    assert here == verdict_there(team, files, tmp_path)
    assert here["counts"]["parameters"] > 0
