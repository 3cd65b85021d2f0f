"""Hidden inputs that a model says, followed through the whole platform to all that its team reads.

A real worker runs each model in a real container. What the smoke run said of its own inputs does
arrive, and hosts do read the hidden ones: these are the controls.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from client.cli import app
from client.views import Submission
from tests.attacks.carriers import CARRIERS, carrying, forms_of
from tests.support.arena import (
    HIDDEN_CANARY,
    HONEST,
    PUBLIC_CANARY,
    SCORED_SECONDS,
    SLUG,
    Arena,
)
from tests.support.waiting import wait_for
from tests.support.webhook_receiver import Receiver

pytestmark = [pytest.mark.server, pytest.mark.docker]

SMOKE = "if not hidden: print('smoke', inputs[0, 0], flush=True)"
BY_CRASHING = {"exception", "exception's name", "exit message", "exit status", "abort"}

Read = Callable[[str], str]


@pytest.fixture
def api(arena: Arena) -> Iterator[Read]:
    """Reads an address of the API to its end, as the participant."""
    headers = {"Authorization": f"Bearer {arena.sdk.token}"}
    address = f"{arena.server.address}/api/v1/"
    with httpx.Client(base_url=address, headers=headers, timeout=SCORED_SECONDS) as client:
        yield lambda path: client.get(path).raise_for_status().text


@pytest.fixture
def bodies(arena: Arena, receiver: Receiver, tmp_path: Path) -> Callable[[Submission], str]:
    """What a webhook of the team was sent of a submission, up to its end."""
    (tmp_path / "model.py").write_text(HONEST)
    arena.sdk.upload(tmp_path, SLUG)  # which makes the team
    httpx.post(
        f"{arena.server.address}/api/v1/competitions/{SLUG}/team/webhooks",
        headers={"Authorization": f"Bearer {arena.sdk.token}"},
        json={"url": receiver.url},
    ).raise_for_status()

    def read(submission: Submission) -> str:
        def ended() -> str | None:
            sent = [each.body.decode() for each in receiver.received]
            told = [body for body in sent if submission.id in body]
            kinds = {json.loads(body)["type"] for body in told}
            return "\n".join(told) if kinds & {"submission.scored", "submission.failed"} else None

        return wait_for(ended, "The webhook's last message") or ""

    return read


@pytest.mark.timeout(600)
def test_nothing_that_a_model_says_of_hidden_inputs_reaches_its_team(
    arena: Arena,
    api: Read,
    bodies: Callable[[Submission], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MINIGIANTS_URL", arena.server.address)
    monkeypatch.setenv("MINIGIANTS_TOKEN", str(arena.sdk.token))
    worker = arena.server.worker("predict")
    for carrier in CARRIERS:
        source = carrying(carrier, before=SMOKE).source()
        submission = arena.hand_in(source, tmp_path / f"model {carrier}")
        told = {
            "stream": api(f"submissions/{submission.id}/events"),  # which ends with the submission
            "API": api(f"submissions/{submission.id}"),
            "list": api(f"competitions/{SLUG}/submissions"),
            "log": api(f"submissions/{submission.id}/log"),
            "page": arena.browser.get(f"/submissions/{submission.id}/").raise_for_status().text,
            "command line": CliRunner().invoke(app, ["status", submission.id, "--log"]).output,
            "webhook": bodies(submission),
        }

        status = json.loads(told["API"])["status"]
        assert status == "failed" if carrier in BY_CRASHING else status in {"scored", "failed"}
        for channel, text in told.items():
            assert status in text or channel == "log", (carrier, channel)
            leaked = [form for form in forms_of(HIDDEN_CANARY) if form in text]
            assert not leaked, (carrier, channel)
        for channel in ("log", "page", "command line"):
            assert f"smoke {PUBLIC_CANARY}" in told[channel], (carrier, channel)
        assert f"{HIDDEN_CANARY}" in arena.hosted(submission)["host_log"], carrier

    arena.serves_honest_models(tmp_path / "honest")
    assert arena.server.worker("predict") == worker
