"""What nobody needs is removed; what somebody needs, or is about to, never is."""

import hashlib
import io
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connections, models, transaction
from django.utils import timezone
from pytest_django import Settings

from evaluator.contract import composite_digest
from minigiants.artifacts.collection import GRACE, blobs_collect, shard_of_the_moment
from minigiants.artifacts.models import Artifact, ArtifactFile, Blob, UploadFile
from minigiants.artifacts.services import AnnouncedFile, upload_create
from minigiants.competitions.models import PackFile
from minigiants.core.blob_digests import blobs_hold, digest_fields
from minigiants.core.blobstore import FolderBlobStore, blob_store, store_file
from minigiants.leaderboards.models import Evidence
from minigiants.submissions.models import Evaluation
from tests.support.factories import (
    CompetitionFactory,
    TeamFactory,
    member_of,
    stored_blob,
)
from tests.support.interleaving import second_waits_for_first
from tests.support.pipeline import Pipeline, queued_submission

CONTENT = b"weights of a model that nobody has handed in"
DIGEST = composite_digest([hashlib.sha256(CONTENT).digest()])
T = TypeVar("T")
SOON = timedelta(days=3)
"""As far ahead as what is stored now will be old enough."""


def collect() -> set[str]:
    """What is collected once all that lies there now is old."""
    return {blob.digest for blob in blobs_collect(before=timezone.now() + SOON)}


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path) -> None:
    """A store of this test's own."""
    if request.param == "folder":
        settings.BLOBS = tmp_path / "blobs"
    else:
        request.getfixturevalue("s3")


def kept_by_artifact_file(blob: Blob) -> None:
    team = TeamFactory()
    artifact = Artifact.objects.create(
        team=team, uploaded_by=member_of(team), manifest_digest="m", size=blob.size
    )
    ArtifactFile.objects.create(artifact=artifact, path="model.onnx", blob=blob)


def kept_by_upload_file(blob: Blob) -> None:
    team = TeamFactory()
    session = upload_create(
        user=member_of(team), competition=team.competition, files=[AnnouncedFile("a", blob.size)]
    )
    session.files.update(blob=blob)


def kept_by_pack_file(blob: Blob) -> None:
    version = CompetitionFactory().current_version
    assert version is not None
    PackFile.objects.create(
        version=version,
        role=PackFile.Role.PUBLIC,
        path="more.csv",
        digest=blob.digest,
        size=blob.size,
    )


def kept_by_predictions(blob: Blob) -> None:
    queued_submission().evaluations.update(predictions_digest=blob.digest)


def kept_by_losses(blob: Blob) -> None:
    queued_submission().evaluations.update(losses_digest=blob.digest)


def kept_by_evidence(blob: Blob) -> None:
    submission = queued_submission()
    assert submission.division is not None
    Evidence.objects.create(
        submission_id=submission.pk,
        team=submission.team,
        phase=submission.phase,
        division=submission.division,
        losses_digest=blob.digest,
        score=0.5,
        achieved_at=timezone.now(),
    )


KEEPERS: dict[str, Callable[[Blob], None]] = {
    str(ArtifactFile._meta.get_field("blob")): kept_by_artifact_file,
    str(UploadFile._meta.get_field("blob")): kept_by_upload_file,
    str(PackFile._meta.get_field("digest")): kept_by_pack_file,
    str(Evaluation._meta.get_field("predictions_digest")): kept_by_predictions,
    str(Evaluation._meta.get_field("losses_digest")): kept_by_losses,
    str(Evidence._meta.get_field("losses_digest")): kept_by_evidence,
}
NO_BLOBS = {
    # Of secrets, pages and manifests; or a blob that another column keeps.
    "accounts.ApiToken.digest",
    "artifacts.Artifact.manifest_digest",
    "artifacts.Blob.digest",
    "competitions.Invitation.digest",
    "competitions.RulesAcceptance.rules_digest",
    "submissions.Evaluation.report_token_digest",
    "submissions.WorkerKey.digest",
}


def test_every_column_that_may_name_blobs_is_known() -> None:
    assert {str(field) for field in digest_fields()} == set(KEEPERS)
    digests = {
        str(field)
        for model in apps.get_models()
        for field in model._meta.local_fields
        if isinstance(field, models.CharField) and ("digest" in field.name or "blob" in field.name)
    }
    assert digests - set(KEEPERS) == NO_BLOBS


@pytest.mark.django_db
@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("keep", KEEPERS.values(), ids=KEEPERS)
def test_what_a_row_names_is_kept(keep: Callable[[Blob], None]) -> None:
    keep(stored_blob(CONTENT))
    stray = stored_blob(b"named by nobody").digest
    assert DIGEST not in (gone := collect())
    assert stray in gone
    assert blob_store().exists(DIGEST)
    assert Blob.objects.filter(pk=DIGEST).exists()
    assert not blob_store().exists(stray)
    assert not Blob.objects.filter(pk=stray).exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("store")
def test_what_was_stored_lately_is_kept() -> None:
    stored_blob(CONTENT)
    assert blobs_collect() == []
    assert blob_store().exists(DIGEST)


@pytest.mark.django_db
def test_a_result_that_lay_there_before_is_new_again(settings: Settings, tmp_path: Path) -> None:
    settings.BLOBS = tmp_path
    pipeline = Pipeline.start()
    evaluation = queued_submission().evaluations.get()
    job = pipeline.claim_predict(evaluation)
    age(stored_blob(CONTENT).digest)
    pipeline.store(job, CONTENT)
    Evaluation.objects.update(predictions_digest="")  # so that its age alone keeps it
    assert DIGEST not in {blob.digest for blob in blobs_collect()}


def age(digest: str) -> None:
    """Let a blob of the folder be older than the grace."""
    store = blob_store()
    assert isinstance(store, FolderBlobStore)
    stored = (timezone.now() - GRACE - timedelta(hours=1)).timestamp()
    os.utime(store.path(digest), (stored, stored))


@pytest.mark.django_db
def test_the_command_tells_first_and_removes_then(settings: Settings, tmp_path: Path) -> None:
    settings.BLOBS = tmp_path
    age(stored_blob(CONTENT).digest)
    (tmp_path / DIGEST[:2] / "what-is-this").touch()
    told = io.StringIO()
    call_command("collect_blobs", "--dry-run", stdout=told)
    assert told.getvalue() == (
        f"{DIGEST} {len(CONTENT)}\n1 blobs would go, {len(CONTENT)} bytes.\n"
    )
    assert blob_store().exists(DIGEST)
    call_command("collect_blobs", stdout=io.StringIO())
    assert not blob_store().exists(DIGEST)
    assert (tmp_path / DIGEST[:2] / "what-is-this").exists()


def test_every_shard_has_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    began, turn = timezone.now(), timedelta(minutes=10)
    seen = set()
    for turns in range(256):
        monkeypatch.setattr(timezone, "now", lambda at=began + turns * turn: at)
        seen.add(shard_of_the_moment(every=turn))
    assert seen == set(range(256))


def beside(call: Callable[[], T]) -> T:
    """What `call` answers in another thread, on a connection of its own."""

    def run() -> T:
        try:
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


def test_a_blob_is_held_by_a_transaction_alone(transactional_db: None) -> None:
    with pytest.raises(transaction.TransactionManagementError):
        blobs_hold([DIGEST])


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("store")
class TestMeeting:
    """An upload or a publication that finds a blob lying there, and the collector."""

    @pytest.fixture
    def source(self, tmp_path: Path) -> Path:
        path = tmp_path / "source"
        path.write_bytes(CONTENT)
        return path

    def test_what_is_about_to_be_named_is_left(self, source: Path) -> None:
        stored_blob(CONTENT)
        with transaction.atomic():
            store_file(source)
            assert DIGEST not in beside(collect)
            kept_by_losses(Blob.objects.get(pk=DIGEST))
        assert DIGEST not in collect()
        assert blob_store().exists(DIGEST)

    def test_what_is_being_removed_is_stored_anew(self, source: Path) -> None:
        stored_blob(CONTENT)

        def reuse() -> None:
            with transaction.atomic():
                stored = store_file(source)
                queued_submission().evaluations.update(losses_digest=stored.digest)

        gone, reused = second_waits_for_first(collect, reuse)
        assert gone == {DIGEST}
        reused.result()
        with blob_store().open(DIGEST) as stream:
            assert stream.read() == CONTENT
        assert DIGEST not in collect()
