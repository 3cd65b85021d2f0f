"""A competition whose hidden inputs can be recognised, with short limits, on the whole server."""

import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import numpy as np
import pytest

from client.sdk import Minigiants
from client.views import Submission
from tests.support.embedded_server import EmbeddedServer
from tests.support.npy import npy_bytes
from tests.support.participant import logged_in, participant, token_of
from tests.support.waiting import wait_for
from tests.support.zipped import zipped

SLUG = "canary"
PUBLIC_CANARY, HIDDEN_CANARY = 26485.5, 73194.25
"""Numbers that stand in the smoke inputs and in the hidden inputs, and in no time or name."""

SCORED_SECONDS = 120
SPECIFICATION = """\
title: Canary
licence: {name: CC0-1.0, url: "https://example.org/"}
task: {type: classification, settings: {classes: 3, input: {shape: [4]}}}
metrics: [{name: accuracy, title: Accuracy}]
formats: [python]
divisions: [{slug: small, title: Small, budget: {parameters: 100}}]
phases:
  - slug: main
    title: Main
    opens: 2020-01-01T00:00:00Z
    closes: 2100-01-01T00:00:00Z
    quota: {per_day: 100, concurrent: 8, failures_per_day: 100}
split: {by: fraction, public: 0.5, seed: 1}
runtime:
  limits:
    memory_bytes: 201326592
    processes: 32
    load_seconds: 30
    smoke_seconds: 8
    hidden_seconds: 8
data: {public: [train.csv], smoke_inputs: smoke.npy, hidden_inputs: test.npy, labels: labels.csv}
baselines:
  - {folder: baselines/honest, title: Honest, score: 1}
"""
HONEST = """
import numpy as np

class Model:
    def predict(self, inputs):
        return np.eye(3, dtype=np.float32)[inputs[:, 1].astype(int)]

def load(folder, device):
    return Model()
"""
"""Reads the label off the second column, so that it scores 1."""


def _inputs(canary: float, rows: int) -> np.ndarray[Any, Any]:
    inputs = np.full((rows, 4), canary, dtype=np.float32)
    inputs[:, 1] = np.arange(rows) % 3
    return inputs


def _pack() -> dict[str, bytes]:
    rows = 60
    labels = "".join(f"r{row},{row % 3}\n" for row in range(rows))
    return {
        "competition.yaml": SPECIFICATION.encode(),
        **{f"pages/{page}.md": b"# Page\n" for page in ("overview", "data", "rules")},
        "build_data.py": b"raise SystemExit('this never runs here')\n",
        "baselines/honest/artifact/model.py": HONEST.encode(),
        "baselines/honest/train.py": b"print('training')\n",
        "built/train.csv": b"id,label\nt0,0\n",
        "built/smoke.npy": npy_bytes(_inputs(PUBLIC_CANARY, 6)),
        "built/test.npy": npy_bytes(_inputs(HIDDEN_CANARY, rows)),
        "built/labels.csv": f"id,label\n{labels}".encode(),
    }


@dataclass(frozen=True)
class Arena:
    """The competition, with a participant of it by API and in a browser, and its host."""

    server: EmbeddedServer
    sdk: Minigiants
    browser: httpx.Client
    host: httpx.Client

    def hand_in(self, source: str, folder: Path) -> Submission:
        """Hand in a model with this model.py; `folder` is scratch."""
        folder.mkdir(parents=True)
        (folder / "model.py").write_text(source)
        return self.sdk.submit(self.sdk.upload(folder, SLUG).id, SLUG)

    def hosted(self, submission: Submission) -> dict[str, Any]:
        """What hosts are told of the only evaluation of a submission."""
        answer = self.host.get(f"/host/submissions/{submission.id}").raise_for_status()
        (evaluation,) = answer.json()["evaluations"]
        return dict(evaluation)

    def serves_honest_models(self, folder: Path) -> None:
        """An honest model is scored; `folder` is scratch."""
        note = f"\n# {uuid4()}\n"  # the same model is taken once, and the server serves all tests
        done = self.sdk.wait(self.hand_in(HONEST + note, folder), timeout=SCORED_SECONDS)
        assert (done.status, done.raw()["score"]) == ("scored", 1.0)


@pytest.fixture(scope="session")
def arena(server_with_docker: EmbeddedServer) -> Iterator[Arena]:
    """The competition, published on the server with Docker, its baseline tried."""
    server = server_with_docker
    with logged_in(server, "operator") as operator:
        secret = token_of(server, operator, "read", "host")
    host = httpx.Client(
        base_url=f"{server.address}/api/v1",
        headers={"Authorization": f"Bearer {secret}"},
        timeout=30,
    )
    with closing(host), closing(Minigiants(server.address, secret)) as organizer:
        with tempfile.NamedTemporaryFile(suffix=".zip") as archive:
            archive.write(zipped(_pack()).getvalue())
            archive.flush()
            trial = organizer.pack_publish(SLUG, Path(archive.name))

        wait_for(
            lambda: organizer.trial(SLUG, trial["id"])["state"] != "running",
            "The trial of the pack",
            SCORED_SECONDS,
        )
        ended = organizer.trial(SLUG, trial["id"])
        assert ended["state"] == "served", ended
        with participant(server, SLUG) as sdk, logged_in(server, "participant") as browser:
            yield Arena(server, sdk, browser, host)
