"""Uploads over a real connection, and over ones that fail."""

import hashlib
import os
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from client.errors import ApiProblem, FileChanged, MinigiantsError, Unreachable
from client.local import local_files
from client.sdk import Minigiants
from client.transport import Transport
from client.uploads import Uploader, hashed
from evaluator.contract import PART_BYTES
from minigiants.artifacts.models import Artifact, UploadPart, UploadSession
from minigiants.artifacts.tokens import upload_token
from minigiants.competitions.models import Competition
from minigiants.core.blobstore import blob_store
from minigiants.core.s3_location import S3Location
from tests.support.asgi_server import AsgiServer
from tests.support.faulty_proxy import FaultyProxy
from tests.support.web_process import WebProcess

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder of 18 MiB in three files, one of them empty."""
    folder = tmp_path / "model"
    (folder / "data").mkdir(parents=True)
    (folder / "model.py").write_text("def load(folder, device): ...\n")
    (folder / "data" / "weights.npy").write_bytes(os.urandom(2 * PART_BYTES + 1000))
    (folder / "data" / "empty.txt").write_bytes(b"")
    return folder


def _sdk(url: str, token: str) -> Minigiants:
    return Minigiants(url, token, transport=Transport(url, token, sleep=lambda _: None))


def _check_stored(model: Path) -> None:
    artifact = Artifact.objects.get()
    files = {file.path: file.blob_id for file in artifact.files.all()}
    on_disk = {p.relative_to(model).as_posix(): p for p in model.rglob("*") if p.is_file()}
    assert files.keys() == on_disk.keys()
    for path, digest in files.items():
        with blob_store().open(digest) as stream:
            assert hashlib.sha256(stream.read()).digest() == (
                hashlib.sha256(on_disk[path].read_bytes()).digest()
            )


def test_a_folder_arrives_whole(
    asgi_server: AsgiServer, competition: Competition, token: str, model: Path
) -> None:
    told: list[int] = []
    with _sdk(asgi_server.url, token) as server:
        artifact = server.upload(model, competition.slug, progress=told.append)
    assert artifact.format == "python"
    assert sum(told) == sum(p.stat().st_size for p in model.rglob("*") if p.is_file())
    _check_stored(model)


def test_cut_connections_are_survived(
    asgi_server: AsgiServer, competition: Competition, token: str, model: Path
) -> None:
    with (
        FaultyProxy(asgi_server.port, cut_after=PART_BYTES // 2, cuts=3) as network,
        _sdk(network.url, token) as server,
    ):
        server.upload(model, competition.slug)
        assert network.cuts_left == 0
    _check_stored(model)


def test_what_the_way_has_changed_is_sent_again(
    asgi_server: AsgiServer, competition: Competition, token: str, model: Path
) -> None:
    with (
        FaultyProxy(asgi_server.port, corrupt=2) as network,
        _sdk(network.url, token) as server,
    ):
        server.upload(model, competition.slug)
        assert network.corruptions_left == 0
    _check_stored(model)


def test_parts_go_straight_to_an_object_store(
    s3: S3Location,
    asgi_server: AsgiServer,
    competition: Competition,
    token: str,
    model: Path,
    settings: Any,
) -> None:
    store = int(s3.endpoint.rpartition(":")[2])
    with (
        FaultyProxy(store, cut_after=PART_BYTES // 2, cuts=2, corrupt=2) as network,
        FaultyProxy(asgi_server.port) as platform,
        _sdk(platform.url, token) as server,
    ):
        settings.BLOBS = replace(s3, endpoint=network.url)
        server.upload(model, competition.slug)
        assert (network.cuts_left, network.corruptions_left) == (0, 0)
        assert platform.bytes_passed < 65_536
    settings.BLOBS = s3
    _check_stored(model)


@pytest.fixture
def stop_at_the_last_part(monkeypatch: pytest.MonkeyPatch) -> Callable[[Minigiants, Path], None]:
    """Begins to send `model` and presses Ctrl-C before the last of the weights' three parts."""
    original = Uploader._send_part

    def stops(self: Uploader, *job: Any) -> int:
        if job[3] == 2:
            raise KeyboardInterrupt
        return original(self, *job)

    def begin(server: Minigiants, model: Path) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(Uploader, "_send_part", stops)
            with pytest.raises(KeyboardInterrupt):
                server.upload(model, "tiny")

    return begin


def _size(model: Path) -> int:
    return sum(path.stat().st_size for path in model.rglob("*") if path.is_file())


def test_a_killed_server_costs_only_what_was_on_its_way(
    transactional_db: None,
    competition: Competition,
    token: str,
    model: Path,
    stop_at_the_last_part: Callable[[Minigiants, Path], None],
) -> None:
    with WebProcess() as web:
        with _sdk(web.url, token) as server:
            stop_at_the_last_part(server, model)
        session = UploadSession.objects.get()
        weights = session.files.get(path="data/weights.npy")
        arrived = set(weights.parts.values_list("number", flat=True))
        tail = (model / "data" / "weights.npy").read_bytes()[2 * PART_BYTES :]
        head = (
            f"PUT /api/v1/uploads/{session.pk}/files/{weights.position}/parts/2 HTTP/1.1\r\n"
            f"Host: 127.0.0.1\r\nContent-Length: {len(tail)}\r\n"
            f"X-Upload-Token: {upload_token(session.pk)}\r\n"
            f"X-Part-SHA256: {hashlib.sha256(tail).hexdigest()}\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", web.port)) as line:
            line.sendall(head.encode() + tail[:500])
            web.kill()
        web.start()
        state = httpx.get(
            f"{web.url}/api/v1/uploads/{session.pk}", headers={"Authorization": f"Bearer {token}"}
        ).json()
        (missing,) = (
            set(file["missing"]) for file in state["files"] if file["path"] == "data/weights.npy"
        )
        assert missing == {0, 1, 2} - arrived
        with FaultyProxy(web.port) as network, _sdk(web.url, token) as server:
            server._transport._http.base_url = f"{network.url}/api/v1"
            server.upload(model, competition.slug)
            assert network.bytes_passed < _size(model) - len(arrived) * PART_BYTES + 65_536
    assert UploadSession.objects.count() == 1
    _check_stored(model)


def test_an_interrupted_upload_goes_on_where_it_stopped(
    asgi_server: AsgiServer,
    competition: Competition,
    token: str,
    model: Path,
    stop_at_the_last_part: Callable[[Minigiants, Path], None],
) -> None:
    with _sdk(asgi_server.url, token) as server:
        stop_at_the_last_part(server, model)
    arrived = sum(UploadPart.objects.values_list("size", flat=True))
    total = _size(model)
    assert arrived < total
    with (
        FaultyProxy(asgi_server.port) as network,
        Minigiants(asgi_server.url, token) as server,
    ):
        # another process: the same address, seen through a proxy that counts
        server._transport._http.base_url = f"{network.url}/api/v1"
        server.upload(model, competition.slug)
        assert total - arrived <= network.bytes_passed < total - arrived + 65_536
    assert UploadSession.objects.count() == 1
    _check_stored(model)


def test_bytes_of_the_team_are_not_sent_twice(
    asgi_server: AsgiServer, competition: Competition, token: str, model: Path
) -> None:
    with _sdk(asgi_server.url, token) as server:
        first = server.upload(model, competition.slug)
        assert server.upload(model, competition.slug).id == first.id
    (model / "model.py").write_text("def load(folder, device): return None\n")
    with FaultyProxy(asgi_server.port) as network, _sdk(network.url, token) as server:
        second = server.upload(model, competition.slug)
        assert network.bytes_passed < 65_536
    assert second.id != first.id


def test_a_file_that_changes_is_not_sent_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "weights.npy"
    file.write_bytes(b"one")
    source = hashed(local_files(file)[0])
    source.require_unchanged(0)
    file.write_bytes(b"two")
    with pytest.raises(FileChanged):
        source.require_unchanged(0)
    file.write_bytes(b"tw")
    with pytest.raises(FileChanged):
        list(source.read_part(0))
    (local,) = local_files(file)
    file.write_bytes(b"three")
    with pytest.raises(FileChanged):
        hashed(local)


def test_a_file_that_changes_while_it_is_sent_makes_no_artifact(
    asgi_server: AsgiServer,
    competition: Competition,
    token: str,
    model: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    original = Uploader._begun

    def changed(self: Uploader, *given: Any) -> Any:
        (model / "model.py").write_text("def load(folder, device): 123\n")  # as long as before
        return original(self, *given)

    with monkeypatch.context() as patched, _sdk(asgi_server.url, token) as server:
        patched.setattr(Uploader, "_begun", changed)
        with pytest.raises(FileChanged):
            server.upload(model, competition.slug)
    assert not Artifact.objects.exists()
    with _sdk(asgi_server.url, token) as server:
        server.upload(model, competition.slug)
    _check_stored(model)


def test_the_server_s_limits_are_told_as_problems(
    asgi_server: AsgiServer, competition: Competition, token: str, tmp_path: Path
) -> None:
    big = tmp_path / "big.npy"
    with big.open("wb") as stream:
        stream.truncate(33 * 1024**2)
    with _sdk(asgi_server.url, token) as server, pytest.raises(ApiProblem) as refused:
        server.upload(big, competition.slug)
    assert (refused.value.code, refused.value.status) == ("upload_too_large", 413)
    assert refused.value.mend
    assert not UploadSession.objects.exists()


def test_what_can_t_be_sent_is_refused_here(tmp_path: Path) -> None:
    for name in ("missing", "empty"):
        if name == "empty":
            (tmp_path / name).mkdir()
        with pytest.raises(MinigiantsError) as refused:
            local_files(tmp_path / name)
        assert refused.value.code in {"path_unreadable", "path_empty"}
    (tmp_path / "empty" / "link").symlink_to("/etc/passwd")
    with pytest.raises(MinigiantsError) as refused:
        local_files(tmp_path / "empty")
    assert (refused.value.code, refused.value.exit_code) == ("link", 2)


def test_a_server_that_is_not_there() -> None:
    with pytest.raises(Unreachable) as refused, _sdk("http://127.0.0.1:1", "mg_x") as server:
        server.competitions()
    assert "does not answer" in refused.value.what
