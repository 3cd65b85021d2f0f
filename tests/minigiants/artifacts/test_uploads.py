"""Uploads: announced, completed whole, inspected, given up, swept."""

import hashlib
from datetime import timedelta
from pathlib import Path

import onnx
import pytest
from django.utils import timezone
from onnx import TensorProto, helper

from evaluator.contract import PART_BYTES, composite_digest
from evaluator.inspection import Verdict, Workload
from minigiants.artifacts.models import Artifact, Blob, Inspection, UploadSession
from minigiants.artifacts.part_store import part_store
from minigiants.artifacts.parts import PartWriter
from minigiants.artifacts.problems import (
    TooManyFiles,
    TooManyUploads,
    UploadClosed,
    UploadIncomplete,
    UploadTooLarge,
)
from minigiants.artifacts.selectors import artifact_files, inspection_find, upload_files
from minigiants.artifacts.services import (
    MAX_OPEN_UPLOADS,
    AnnouncedFile,
    artifact_store,
    upload_abort,
    upload_complete,
    upload_create,
    uploads_sweep,
)
from minigiants.competitions.models import RulesAcceptance
from minigiants.competitions.problems import RulesNotAccepted
from minigiants.competitions.selectors import current_version
from minigiants.core.blobstore import blob_store, digest_of
from minigiants.core.problems import InvalidInput, NotFound
from minigiants.teams.models import Team
from tests.evaluator.inspection.checkpoints import checkpoint
from tests.support.factories import TeamFactory, UserFactory, member_of

pytestmark = pytest.mark.django_db


def digest(content: bytes) -> str:
    parts = [content[at : at + PART_BYTES] for at in range(0, len(content), PART_BYTES)] or [b""]
    return composite_digest(hashlib.sha256(part).digest() for part in parts)


def linear_model(rows: int = 4) -> bytes:
    """A real ONNX model of 10 x `rows` parameters."""
    weights = helper.make_tensor("w", TensorProto.FLOAT, [rows, 10], [0.5] * (rows * 10))
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["scores"])],
        "linear",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", rows])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", 10])],
        [weights],
    )
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


@pytest.fixture
def team() -> Team:
    return TeamFactory()


def create(team: Team, files: dict[str, bytes], *, announce: bool = False) -> UploadSession:
    return upload_create(
        user=member_of(team),
        competition=team.competition,
        files=[
            AnnouncedFile(path, len(content), digest(content) if announce else None)
            for path, content in files.items()
        ],
    )


def send(session: UploadSession, files: dict[str, bytes]) -> None:
    for state in upload_files(session):
        for number in state.missing:
            data = files[state.path][number * PART_BYTES : (number + 1) * PART_BYTES]
            with PartWriter(
                session_id=session.pk,
                position=state.position,
                number=number,
                sha256=hashlib.sha256(data).hexdigest(),
            ) as writer:
                writer.write([data])
                writer.finish()


def upload(team: Team, files: dict[str, bytes]) -> Artifact:
    session = create(team, files)
    send(session, files)
    return upload_complete(user=member_of(team), upload_id=session.pk)


def inspected(artifact: Artifact) -> Inspection:
    """The verdict that completing the upload has left."""
    inspection = inspection_find(
        artifact=artifact, version=current_version(artifact.team.competition)
    )
    assert inspection is not None
    return inspection


def test_a_checkpoint_is_known_by_its_configuration(team: Team) -> None:
    files = checkpoint({"lm_head.weight": ("F32", [16, 8])})
    artifact = upload(team, files)
    assert artifact.format == "transformers"
    verdict = Verdict.model_validate(inspected(artifact).verdict)
    assert verdict.accepted
    assert verdict.workload == Workload(unit="token", active_parameters=128, flops=256)


def test_a_table_of_results_is_known_by_its_name(team: Team) -> None:
    artifact = upload(team, {"predictions.csv": b"id,label\n1,3\n"})
    assert artifact.format == "predictions"
    assert Verdict.model_validate(inspected(artifact).verdict).accepted


def test_an_upload_becomes_an_artifact_with_its_verdict(team: Team) -> None:
    files = {"model.onnx": linear_model()}
    artifact = upload(team, files)
    assert artifact.format == "onnx"
    assert [(file.path, file.digest) for file in artifact_files(artifact)] == [
        ("model.onnx", digest(files["model.onnx"]))
    ]
    inspection = inspected(artifact)
    assert inspection.accepted
    assert inspection.parameters == 40
    assert inspection.division == team.competition.divisions.get(slug="nano")


def test_a_file_of_many_parts_is_stored_under_its_composite_digest(team: Team) -> None:
    content = b"a" * PART_BYTES + b"b" * 17
    artifact = upload(
        team, {"model.onnx": linear_model(), "weights.bin": content, "empty.txt": b""}
    )
    for file in artifact_files(artifact):
        with blob_store().open(file.digest) as stream:
            assert digest_of(stream).digest == file.digest
    assert UploadSession.objects.get().pk not in part_store().sessions()


def test_equal_files_are_one_artifact_and_one_blob(team: Team) -> None:
    files = {"model.onnx": linear_model()}
    assert upload(team, files) == upload(team, files)
    assert Blob.objects.count() == 1 + 1  # the model's and the competition's public file


def test_completing_twice_answers_the_same(team: Team) -> None:
    files = {"model.onnx": linear_model()}
    session = create(team, files)
    send(session, files)
    first = upload_complete(user=member_of(team), upload_id=session.pk)
    assert upload_complete(user=member_of(team), upload_id=session.pk) == first


def test_missing_parts_are_named_and_nothing_is_stored(team: Team) -> None:
    session = create(team, {"model.onnx": linear_model(), "notes.txt": b"hello"})
    with pytest.raises(UploadIncomplete) as caught:
        upload_complete(user=member_of(team), upload_id=session.pk)
    assert caught.value.extra["missing"] == {"model.onnx": [0], "notes.txt": [0]}
    assert not Artifact.objects.exists()


def test_what_the_team_sent_before_need_not_be_sent_again(team: Team) -> None:
    files = {"model.onnx": linear_model(), "notes.txt": b"one"}
    upload(team, files)
    files["notes.txt"] = b"two"
    session = create(team, files, announce=True)
    needed = {state.path: state.needs_sending for state in upload_files(session)}
    assert needed == {"model.onnx": False, "notes.txt": True}
    send(session, files)
    assert upload_complete(user=member_of(team), upload_id=session.pk).files.count() == 2


def test_nobody_learns_that_another_teams_file_exists(team: Team) -> None:
    files = {"model.onnx": linear_model()}
    upload(team, files)
    stranger = TeamFactory(competition=team.competition)
    assert upload_files(create(stranger, files, announce=True))[0].needs_sending


def test_published_files_need_not_be_sent(team: Team) -> None:
    session = create(team, {"train.csv": b"x,y\n1,2\n"}, announce=True)
    assert not upload_files(session)[0].needs_sending


def test_a_digest_with_another_size_is_not_believed(team: Team) -> None:
    files = {"model.onnx": linear_model()}
    upload(team, files)
    session = upload_create(
        user=member_of(team),
        competition=team.competition,
        files=[AnnouncedFile("model.onnx", 3, digest(files["model.onnx"]))],
    )
    assert upload_files(session)[0].needs_sending


def test_a_refused_model_says_why(team: Team) -> None:
    artifact = upload(team, {"model.onnx": linear_model(), "extra.pkl": b"\x80\x04N."})
    inspection = inspected(artifact)
    assert not inspection.accepted
    assert "pickle" in {refusal["code"] for refusal in inspection.verdict["refusals"]}


def test_a_model_over_every_budget_enters_no_division(team: Team) -> None:
    artifact = upload(team, {"model.onnx": linear_model(rows=2000)})
    inspection = inspected(artifact)
    assert (inspection.accepted, inspection.division) == (False, None)
    assert inspection.parameters == 20_000


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ([AnnouncedFile("model.onnx", 33 * 1024**2)], UploadTooLarge),
        ([AnnouncedFile(f"f{n}", 1) for n in range(17)], TooManyFiles),
        ([], InvalidInput),
        ([AnnouncedFile("a", 1), AnnouncedFile("a", 2)], InvalidInput),
    ],
)
def test_what_is_too_much_is_refused_before_anything_is_sent(
    team: Team, files: list[AnnouncedFile], problem: type[Exception]
) -> None:
    with pytest.raises(problem):
        upload_create(user=member_of(team), competition=team.competition, files=files)
    assert not UploadSession.objects.exists()


def test_rules_come_before_uploads(team: Team) -> None:
    RulesAcceptance.objects.all().delete()
    with pytest.raises(RulesNotAccepted):
        create(team, {"model.onnx": b"x"})


def test_open_uploads_are_limited(team: Team) -> None:
    for _ in range(MAX_OPEN_UPLOADS):
        create(team, {"model.onnx": b"x"})
    with pytest.raises(TooManyUploads):
        create(team, {"model.onnx": b"x"})


def test_an_upload_belongs_to_its_team(team: Team) -> None:
    session = create(team, {"model.onnx": b"x"})
    with pytest.raises(NotFound):
        upload_complete(user=UserFactory(), upload_id=session.pk)


def test_an_aborted_upload_leaves_nothing(team: Team) -> None:
    files = {"model.onnx": linear_model()}
    session = create(team, files)
    send(session, files)
    upload_abort(user=member_of(team), upload_id=session.pk)
    assert session.pk not in part_store().sessions()
    with pytest.raises(UploadClosed):
        upload_complete(user=member_of(team), upload_id=session.pk)


def test_overdue_uploads_are_swept_and_others_are_not(team: Team) -> None:
    files = {"model.onnx": linear_model()}
    old, young = create(team, files), create(team, files)
    send(old, files)
    send(young, files)
    UploadSession.objects.filter(pk=old.pk).update(expires_at=timezone.now() - timedelta(hours=1))
    assert uploads_sweep() == 1
    assert part_store().sessions() == {young.pk}
    young.refresh_from_db()
    assert young.status == "open"


def test_operators_store_a_folder_by_the_same_way(team: Team, tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(linear_model())
    artifact = artifact_store(user=member_of(team), competition=team.competition, folder=tmp_path)
    assert artifact == upload(team, {"model.onnx": linear_model()})
