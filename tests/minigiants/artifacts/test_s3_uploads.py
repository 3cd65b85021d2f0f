"""Uploads whose parts go straight to a store that speaks S3."""

import hashlib
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from django.utils import timezone

from evaluator.contract import PART_BYTES
from minigiants.artifacts.models import Artifact, UploadSession
from minigiants.artifacts.part_store import PartAddress, part_store
from minigiants.artifacts.parts import PartWriter
from minigiants.artifacts.problems import (
    FileKnown,
    PartConflict,
    PartElsewhere,
    PartMismatch,
    UploadClosed,
    UploadIncomplete,
)
from minigiants.artifacts.selectors import artifact_files, upload_files
from minigiants.artifacts.services import (
    AnnouncedFile,
    artifact_store,
    part_address,
    upload_abort,
    upload_complete,
    upload_create,
    uploads_sweep,
)
from minigiants.core.blobstore import blob_store, digest_of
from minigiants.core.problems import NotFound
from minigiants.core.s3 import client
from minigiants.core.s3_location import S3Location
from minigiants.teams.models import Team
from tests.support.factories import TeamFactory, member_of

pytestmark = pytest.mark.django_db

FILES = {"weights.bin": b"w" * PART_BYTES + b"tail", "model.py": b"x = 1\n", "empty.txt": b""}


@pytest.fixture
def team(s3: S3Location) -> Team:
    return TeamFactory()


def create(team: Team, files: dict[str, bytes] = FILES) -> UploadSession:
    announced = [AnnouncedFile(path, len(content)) for path, content in files.items()]
    return upload_create(user=member_of(team), competition=team.competition, files=announced)


def address(session: UploadSession, position: int, number: int, data: bytes) -> PartAddress:
    return part_address(
        user=session.created_by,
        upload_id=session.pk,
        position=position,
        number=number,
        sha256=hashlib.sha256(data).hexdigest(),
    )


def put(to: PartAddress, data: bytes, **headers: str) -> httpx.Response:
    return httpx.put(to.url, content=data, headers={**to.headers, **headers})


def send(session: UploadSession, files: dict[str, bytes] = FILES) -> None:
    for state in upload_files(session):
        for number in state.missing:
            data = files[state.path][number * PART_BYTES : (number + 1) * PART_BYTES]
            assert put(address(session, state.position, number, data), data).status_code == 200


def complete(session: UploadSession) -> Artifact:
    return upload_complete(user=session.created_by, upload_id=session.pk)


def missing(session: UploadSession) -> dict[str, tuple[int, ...]]:
    return {file.path: file.missing for file in upload_files(session)}


def unfinished(s3: S3Location) -> list[Any]:
    """The multipart uploads that the store knows, of whichever upload."""
    listed = client(s3).list_multipart_uploads(Bucket=s3.bucket, Prefix=s3.prefix)
    return list(listed.get("Uploads", ()))


def test_parts_become_blobs_under_their_digest(team: Team, s3: S3Location) -> None:
    session = create(team)
    assert missing(session) == {"weights.bin": (0, 1), "model.py": (0,), "empty.txt": ()}
    send(session)
    artifact = complete(session)
    for file in artifact_files(artifact):
        with blob_store().open(file.digest) as stream:
            assert stream.read() == FILES[file.path]
            stream.seek(0)
            assert digest_of(stream).digest == file.digest
    assert session.pk not in part_store().sessions()
    assert unfinished(s3) == []
    assert complete(session) == artifact


def test_an_address_is_for_these_very_bytes(team: Team) -> None:
    session = create(team)
    to = address(session, 1, 0, FILES["model.py"])
    query = parse_qs(urlsplit(to.url).query)
    signed = query["X-Amz-SignedHeaders"][0].split(";")
    assert {"content-length", "x-amz-checksum-sha256"} <= set(signed)
    assert int(query["X-Amz-Expires"][0]) <= 3600
    wrong = put(to, b"x = 2\n")
    assert (wrong.status_code, b"BadDigest" in wrong.content) == (400, True)
    assert missing(session)["model.py"] == (0,)
    assert put(to, FILES["model.py"]).status_code == 200
    assert missing(session)["model.py"] == ()


def test_parts_come_in_any_order_and_twice(team: Team) -> None:
    session = create(team)
    tail = FILES["weights.bin"][PART_BYTES:]
    for _ in range(2):
        assert put(address(session, 0, 1, tail), tail).status_code == 200
    assert missing(session)["weights.bin"] == (0,)
    with pytest.raises(UploadIncomplete) as caught:
        complete(session)
    assert caught.value.extra["missing"] == {"weights.bin": [0], "model.py": [0]}
    send(session)
    assert complete(session).files.count() == 3


def test_other_bytes_for_a_part_need_a_new_upload(team: Team) -> None:
    session = create(team)
    address(session, 1, 0, b"x = 1\n")
    with pytest.raises(PartConflict):
        address(session, 1, 0, b"x = 2\n")


def test_a_store_that_checks_nothing_is_found_out(team: Team, s3: S3Location) -> None:
    session = create(team)
    send(session)
    kept = session.files.get(position=1)
    client(s3).upload_part(  # past the checksum that the address was for
        Bucket=s3.bucket,
        Key=f"{s3.prefix}uploads/{session.pk}/1",
        UploadId=kept.store_upload,
        PartNumber=1,
        Body=b"x = 2\n",
    )
    with pytest.raises(PartMismatch):
        complete(session)
    assert not Artifact.objects.exists()
    assert missing(session)["model.py"] == (0,)
    send(session)
    assert complete(session).files.count() == 3


def test_a_completion_that_was_cut_short_goes_on(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = create(team)
    send(session)
    with monkeypatch.context() as patched:
        patched.setattr(
            "minigiants.artifacts.services.artifact_files", lambda _: 1 / 0
        )  # after the blobs were made
        with pytest.raises(ZeroDivisionError):
            complete(session)
    assert missing(session) == {"weights.bin": (), "model.py": (), "empty.txt": ()}
    assert complete(session).files.count() == 3


def test_unknown_files_and_parts_have_no_address(team: Team) -> None:
    session = create(team)
    for position, number in ((7, 0), (0, 2), (2, 0)):
        with pytest.raises(NotFound):
            address(session, position, number, b"x")


def test_what_is_there_has_no_address(team: Team) -> None:
    session = create(team)
    send(session)
    complete(session)
    again = upload_create(
        user=member_of(team),
        competition=team.competition,
        files=[
            AnnouncedFile(file.path, file.blob.size, file.blob_id)
            for file in Artifact.objects.get().files.select_related("blob")
        ],
    )
    assert not any(file.needs_sending for file in upload_files(again))
    with pytest.raises(FileKnown):
        address(again, 0, 0, b"x")
    assert complete(again) == Artifact.objects.get()


def test_the_platform_takes_no_parts(team: Team) -> None:
    session = create(team)
    with pytest.raises(PartElsewhere):
        PartWriter(session_id=session.pk, position=0, number=0, sha256="0" * 64)


def test_an_aborted_upload_leaves_nothing(team: Team, s3: S3Location) -> None:
    session = create(team)
    send(session)
    upload_abort(user=session.created_by, upload_id=session.pk)
    assert unfinished(s3) == []
    with pytest.raises(UploadClosed):
        address(session, 0, 0, b"x")


def test_the_sweep_aborts_what_nobody_completes(team: Team, s3: S3Location) -> None:
    old, young = create(team), create(team)
    for session in (old, young):
        address(session, 1, 0, FILES["model.py"])
    orphan = "00000000-0000-4000-8000-000000000000"
    client(s3).create_multipart_upload(Bucket=s3.bucket, Key=f"{s3.prefix}uploads/{orphan}/0")
    client(s3).put_object(Bucket=s3.bucket, Key=f"{s3.prefix}uploads/{orphan}/1", Body=b"x")
    UploadSession.objects.filter(pk=old.pk).update(expires_at=timezone.now() - timedelta(hours=1))
    assert uploads_sweep() == 1
    assert part_store().sessions() == {young.pk}
    assert [upload["Key"] for upload in unfinished(s3)] == [f"{s3.prefix}uploads/{young.pk}/1"]


def test_operators_store_a_folder_too(team: Team, tmp_path: Any) -> None:
    (tmp_path / "model.py").write_bytes(FILES["model.py"])
    artifact = artifact_store(user=member_of(team), competition=team.competition, folder=tmp_path)
    (file,) = artifact_files(artifact)
    with file.open() as stream:
        assert stream.read() == FILES["model.py"]


def test_reading_asks_for_no_more_than_is_read(s3: S3Location) -> None:
    store = blob_store()
    content = bytes(range(256)) * 8192
    digest = hashlib.sha256(content).hexdigest()
    client(s3).put_object(
        Bucket=s3.bucket, Key=f"{s3.prefix}blobs/{digest[:2]}/{digest[2:]}", Body=content
    )
    with store.open(digest) as stream:
        assert stream.read(3) == content[:3]
        stream.seek(-5, 2)
        assert stream.read() == content[-5:]
        assert stream.read(1) == b""
        stream.seek(1_000_000)
        assert stream.read(700_000) == content[1_000_000:1_700_000]
    store.delete(digest)
    assert not store.exists(digest)
    with pytest.raises(FileNotFoundError):
        store.open(digest)


def test_no_other_store_is_spoken_to(s3: S3Location) -> None:
    location = S3Location(
        "models", "a/", "eu-central-1", "https://s3.eu-central-1.amazonaws.com", own=False
    )
    assert location.origin == "https://models.s3.eu-central-1.amazonaws.com"
    url = client(location).generate_presigned_url(
        "upload_part", {"Bucket": "models", "Key": "k", "UploadId": "u", "PartNumber": 1}
    )
    assert url.startswith(f"{location.origin}/k?")
    assert s3.origin == s3.endpoint
