"""What leaves the worker for whom, and what it makes of the answers."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from evaluator.contract import (
    ClaimRequest,
    Heartbeat,
    Presence,
    Role,
    ScoreJob,
    ScoreReport,
    SignedFile,
    Stage,
)
from evaluator.worker.platform_client import (
    ANSWER_BYTES,
    PlatformClient,
    Refused,
    Superseded,
    Unreachable,
)
from tests.evaluator.worker.fake_platform import KEY, TOKEN, FakePlatform

EVALUATION = UUID(int=7)
PRESENCE = Presence(worker="w", role=Role.SCORE, profile="cpu", slots=1)
REPORT = ScoreReport(attempt=1, report_token=TOKEN)


@pytest.fixture
def client(platform: FakePlatform) -> Iterator[PlatformClient]:
    with PlatformClient(platform.url, KEY) as client:
        yield client


@pytest.fixture
def elsewhere(platform: FakePlatform) -> str:
    """The platform's address under another origin."""
    url: str = platform.url.replace("127.0.0.1", "localhost")
    return url


def claim(client: PlatformClient) -> ScoreJob:
    return client.claim(ScoreJob, EVALUATION, ClaimRequest(attempt=1, worker="w", claim=EVALUATION))


def test_a_claim_shows_the_key_and_brings_the_job(
    platform: FakePlatform, client: PlatformClient
) -> None:
    files = {name: platform.blob(name, b"x") for name in ("labels", "predictions")}
    platform.offer(
        str(EVALUATION),
        kind="score",
        task={"type": "classification"},
        metrics=[{"name": "accuracy"}],
        **files,
    )
    job = claim(client)
    assert job.labels.digest == files["labels"]["digest"]
    assert platform.heard[0].authorization == f"Bearer {KEY}"
    assert platform.heard[0].json == {"attempt": 1, "worker": "w", "claim": str(EVALUATION)}
    with pytest.raises(Superseded):
        claim(client)


def test_another_job_than_asked_for_is_refused(
    platform: FakePlatform, client: PlatformClient
) -> None:
    file = platform.blob("labels", b"x")
    platform.offer(
        str(EVALUATION),
        kind="score",
        task={"type": "classification"},
        metrics=[{"name": "accuracy"}],
        labels=file,
        predictions=file,
    )
    platform.jobs[str(EVALUATION)]["attempt"] = 2
    with pytest.raises(Refused, match="another attempt"):
        claim(client)


def test_the_key_goes_to_the_platform_alone(
    platform: FakePlatform, client: PlatformClient, elsewhere: str, tmp_path: Path
) -> None:
    file = SignedFile.model_validate(platform.blob("weights", b"bytes"))
    away = file.model_copy(update={"url": file.url.replace(platform.url, elsewhere)})
    for signed in (file, away):
        assert b"".join(client.download(signed)) == b"bytes"
    heartbeat = Heartbeat(attempt=1, report_token=TOKEN, stage=Stage.HIDDEN)
    client.heartbeat(f"{elsewhere}/heartbeat", heartbeat)
    client.report(f"{elsewhere}/report", REPORT)
    (tmp_path / "predictions").write_bytes(b"bytes")
    client.upload(f"{elsewhere}/upload", TOKEN, tmp_path / "predictions")
    assert [said.authorization for said in platform.heard] == [
        None,
        None,
        None,
        None,
        f"Bearer {TOKEN}",
    ]


def test_addresses_may_be_relative_to_the_platform(
    platform: FakePlatform, client: PlatformClient, tmp_path: Path
) -> None:
    signed = platform.blob("weights", b"bytes")
    relative = {**signed, "url": signed["url"].removeprefix(platform.url)}
    assert b"".join(client.download(SignedFile.model_validate(relative))) == b"bytes"
    client.report("/api/v1/report", REPORT)
    (tmp_path / "predictions").write_bytes(b"bytes")
    client.upload("/api/v1/upload", TOKEN, tmp_path / "predictions")
    authorizations = [said.authorization for said in platform.heard]
    assert authorizations == [None, f"Bearer {KEY}", f"Bearer {TOKEN}"]


def test_a_redirect_is_not_followed(platform: FakePlatform, client: PlatformClient) -> None:
    platform.fail("POST", "/presence", 307)
    with pytest.raises(Refused, match="307"):
        client.present(PRESENCE)
    assert len(platform.heard) == 1


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, Refused),
        (401, Refused),
        (403, Refused),
        (404, Refused),
        (409, Superseded),
        (410, Superseded),
        (408, Unreachable),
        (429, Unreachable),
        (500, Unreachable),
        (503, Unreachable),
        (0, Unreachable),
    ],
)
def test_what_a_status_means(
    platform: FakePlatform, client: PlatformClient, status: int, error: type[Exception]
) -> None:
    platform.fail("POST", "/report", status)
    with pytest.raises(error):
        client.report(f"{platform.url}/report", REPORT)


def test_no_error_repeats_a_signature(platform: FakePlatform, client: PlatformClient) -> None:
    file = SignedFile.model_validate(platform.blob("weights", b"bytes"))
    platform.fail("GET", "/weights/signed-secret", 403, 410, 500, 0)
    for error in (Refused, Refused, Unreachable, Unreachable):
        with pytest.raises(error) as caught:
            b"".join(client.download(file))
        assert "secret" not in str(caught.value)


def test_nobody_there_is_unreachable(unused_url: str) -> None:
    with PlatformClient(unused_url, KEY) as client, pytest.raises(Unreachable):
        client.present(PRESENCE)


@pytest.fixture
def unused_url() -> str:
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_more_than_announced_is_not_read_to_its_end(
    platform: FakePlatform, client: PlatformClient
) -> None:
    file = SignedFile.model_validate({**platform.blob("weights", b"x" * 20_000_000), "size": 10})
    assert len(b"".join(client.download(file))) < 3_000_000


@pytest.mark.parametrize("content", [b"", b"nonsense", b"{}", b'{"proceed": true}', b'{"more": 1}'])
def test_an_answer_that_is_none_is_refused(
    platform: FakePlatform, client: PlatformClient, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    heartbeat = Heartbeat(attempt=1, report_token=TOKEN, stage=Stage.HIDDEN)
    monkeypatch.setattr(platform, "answer_with", content)
    with pytest.raises(Refused, match="HeartbeatAnswer"):
        client.heartbeat(f"{platform.url}/heartbeat", heartbeat)


def test_an_endless_answer_is_refused(
    platform: FakePlatform, client: PlatformClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "answer_with", b" " * (ANSWER_BYTES + 1))
    with pytest.raises(Refused, match="exceeds"):
        client.present(PRESENCE)


def test_stored_bytes_are_compared(
    platform: FakePlatform, client: PlatformClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "predictions").write_bytes(b"what was sent")
    stored = client.upload(f"{platform.url}/upload", TOKEN, tmp_path / "predictions")
    assert stored.size == 13
    assert platform.uploads["/upload"] == b"what was sent"
    answer = b'{"digest": "' + b"0" * 64 + b'", "size": 13}'
    monkeypatch.setattr(platform, "answer_with", answer)
    with pytest.raises(Unreachable, match="other bytes"):
        client.upload(f"{platform.url}/upload", TOKEN, tmp_path / "predictions")


def test_a_url_that_is_none_is_refused(platform: FakePlatform, client: PlatformClient) -> None:
    file = SignedFile.model_validate({**platform.blob("weights", b""), "url": "http://[::1/x"})
    with pytest.raises(Refused):
        b"".join(client.download(file))
    with pytest.raises(Refused):
        client.report("http://a:b:c/", REPORT)
