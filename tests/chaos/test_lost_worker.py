"""A predict worker is killed in the middle of a run: nothing is lost, and nobody pays for it."""

import os
import signal
from pathlib import Path

import pytest

from client.sdk import Minigiants
from tests.support.embedded_server import EmbeddedServer
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.server, pytest.mark.docker]

LOST_SECONDS = 150
"""The lease, the reaper's round, the worker's restart and a second run, with room to spare."""

SLOW = """
import time
import numpy as np

class Model:
    def predict(self, inputs):
        return np.ones((len(inputs), 10), dtype=np.float32)

def load(folder, device):
    time.sleep(6)
    return Model()
"""


def test_a_killed_workers_submission_is_run_again_and_charged_once(
    server_with_docker: EmbeddedServer, digits_participant: Minigiants, tmp_path: Path
) -> None:
    sdk = digits_participant
    (tmp_path / "model.py").write_text(SLOW)
    before = sdk.quota("digits")["used_today"]
    submission = sdk.submit(sdk.upload(tmp_path, "digits").id, "digits")
    wait_for(lambda: sdk.submission(submission.id).status == "predicting", "the claim")
    os.kill(server_with_docker.worker("predict"), signal.SIGKILL)

    done = sdk.wait(submission, timeout=LOST_SECONDS)
    view = done.raw()
    assert done.status == "scored"
    steps = [(change["status"], change["code"]) for change in view["changes"]]
    assert steps == [
        ("queued", ""),
        ("predicting", ""),
        ("queued", "worker_lost"),
        ("predicting", ""),
        ("scoring", ""),
        ("scored", ""),
    ]
    assert sdk.quota("digits")["used_today"] == before + 1
