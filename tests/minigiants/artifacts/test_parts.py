"""The raw route that receives parts, and what it refuses."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from evaluator.contract import PART_BYTES
from minigiants.artifacts.folder_parts import FolderParts
from minigiants.artifacts.models import UploadPart, UploadSession
from minigiants.artifacts.part_store import part_store
from minigiants.artifacts.parts import PartWriter
from minigiants.artifacts.problems import PartInFlight
from minigiants.artifacts.services import AnnouncedFile, upload_abort, upload_create
from minigiants.artifacts.tokens import upload_token
from minigiants.config.asgi import application
from tests.support.factories import TeamFactory, member_of

pytestmark = pytest.mark.django_db(transaction=True)

CONTENT = b"0123456789" * 100


@pytest.fixture
def session() -> UploadSession:
    team = TeamFactory()
    files = [AnnouncedFile("model.onnx", len(CONTENT)), AnnouncedFile("big.bin", PART_BYTES + 5)]
    return upload_create(user=member_of(team), competition=team.competition, files=files)


def staged_file(session_id: UUID, position: int) -> Path:
    store = part_store()
    assert isinstance(store, FolderParts)
    return store.staged_file(session_id, position)


def put(
    session: UploadSession,
    content: bytes | AsyncIterator[bytes] = CONTENT,
    *,
    position: int | str = 0,
    number: int | str = 0,
    sha256: str | None = None,
    token: str | None = None,
    upload: Any = None,
) -> httpx.Response:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=application)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            digest = sha256
            if digest is None:
                assert isinstance(content, bytes)
                digest = hashlib.sha256(content).hexdigest()
            return await client.put(
                f"/api/v1/uploads/{upload or session.pk}/files/{position}/parts/{number}",
                content=content,
                headers={
                    "X-Part-SHA256": digest,
                    "X-Upload-Token": upload_token(session.pk) if token is None else token,
                },
            )

    return asyncio.run(send())


def code(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["quota_charged"] is False
    assert problem["mend"]
    return response.status_code, problem["code"]


def test_a_part_is_written_at_its_place_and_recorded(session: UploadSession) -> None:
    assert put(session).status_code == 204
    part = UploadPart.objects.get()
    assert bytes(part.sha256) == hashlib.sha256(CONTENT).digest()
    assert staged_file(session.pk, 0).read_bytes() == CONTENT


def test_parts_may_come_in_any_order(session: UploadSession) -> None:
    assert put(session, b"tail!", position=1, number=1).status_code == 204
    assert put(session, b"x" * PART_BYTES, position=1, number=0).status_code == 204
    assert staged_file(session.pk, 1).read_bytes() == b"x" * PART_BYTES + b"tail!"


def test_the_same_part_twice_is_fine(session: UploadSession) -> None:
    assert put(session).status_code == 204
    assert put(session).status_code == 204
    assert UploadPart.objects.count() == 1


def test_other_bytes_for_a_received_part_are_refused(session: UploadSession) -> None:
    put(session)
    changed = b"X" * len(CONTENT)
    assert code(put(session, changed)) == (409, "part_conflict")
    assert staged_file(session.pk, 0).read_bytes() == CONTENT


def test_a_wrong_checksum_records_nothing(session: UploadSession) -> None:
    assert code(put(session, sha256="0" * 64)) == (422, "part_checksum_mismatch")
    assert not UploadPart.objects.exists()
    assert put(session).status_code == 204


@pytest.mark.parametrize("content", [CONTENT[:-1], CONTENT + b"!", b""])
def test_a_wrong_length_records_nothing(session: UploadSession, content: bytes) -> None:
    assert code(put(session, content)) == (422, "part_wrong_length")
    assert not UploadPart.objects.exists()


def test_an_overlong_stream_is_cut_off(session: UploadSession) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield b"x" * 1024 * 1024

    response = put(session, endless(), sha256="0" * 64)
    assert code(response) == (422, "part_wrong_length")
    assert not UploadPart.objects.exists()


@pytest.mark.parametrize("sha256", ["", "xyz", "0" * 63])
def test_a_part_needs_its_checksum(session: UploadSession, sha256: str) -> None:
    assert code(put(session, sha256=sha256)) == (422, "invalid_input")


def test_the_token_opens_its_own_upload_only(session: UploadSession) -> None:
    response = put(session, token="")
    assert code(response) == (401, "not_authenticated")
    assert response.headers["www-authenticate"]
    assert code(put(session, token=upload_token(uuid4()))) == (401, "not_authenticated")
    assert code(put(session, upload=uuid4())) == (401, "not_authenticated")


@pytest.mark.parametrize(("position", "number"), [(7, 0), (0, 1), (1, 2)])
def test_unknown_files_and_parts_do_not_exist(
    session: UploadSession, position: int, number: int
) -> None:
    assert code(put(session, position=position, number=number)) == (404, "not_found")


def test_a_closed_upload_takes_nothing(session: UploadSession) -> None:
    upload_abort(user=session.created_by, upload_id=session.pk)
    assert code(put(session)) == (409, "upload_closed")


def test_a_cut_connection_leaves_nothing_recorded(session: UploadSession) -> None:
    async def cut() -> None:
        messages = [
            {"type": "http.request", "body": CONTENT[:100], "more_body": True},
            {"type": "http.disconnect"},
        ]
        sent: list[Any] = []

        async def receive() -> Any:
            return messages.pop(0)

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": "PUT",
            "path": f"/api/v1/uploads/{session.pk}/files/0/parts/0",
            "headers": [
                (b"x-part-sha256", hashlib.sha256(CONTENT).hexdigest().encode()),
                (b"x-upload-token", upload_token(session.pk).encode()),
            ],
        }
        await application(scope, receive, send)
        assert sent == []

    asyncio.run(cut())
    assert not UploadPart.objects.exists()
    assert put(session).status_code == 204


def test_two_requests_cannot_write_one_part_at_once(session: UploadSession) -> None:
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    with PartWriter(session_id=session.pk, position=0, number=0, sha256=sha256) as first:
        first.write([CONTENT[:10]])
        with pytest.raises(PartInFlight):
            PartWriter(session_id=session.pk, position=0, number=0, sha256=sha256)
        assert code(put(session)) == (409, "part_in_flight")
        first.write([CONTENT[10:]])
        first.finish()
    assert staged_file(session.pk, 0).read_bytes() == CONTENT
