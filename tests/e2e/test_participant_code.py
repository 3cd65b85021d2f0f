"""Participants' code on a whole server with Docker: it is scored, and can carry nothing out."""

import csv
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from sklearn.metrics import accuracy_score

from client.sdk import Minigiants
from tests.support.digits import PACK
from tests.support.embedded_server import EmbeddedServer
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.server, pytest.mark.docker]

CONVOLUTION = PACK / "baselines" / "conv-python" / "artifact"
SMOKE_ROWS = 32
SCORED_SECONDS = 120

TALKATIVE = """
import sys
import numpy as np

class Model:
    def predict(self, inputs):
        print("I saw", repr(inputs.sum().item()), "in", len(inputs), "rows", flush=True)
        if len(inputs) != {smoke_rows} and {raises}:
            raise type("Stolen" + str(inputs.sum().item()).replace(".", "_"), (Exception,), {{}})()
        return np.eye(10, dtype=np.float32)[np.zeros(len(inputs), dtype=int)]

def load(folder, device):
    print("loading", flush=True)
    return Model()
"""


def test_the_python_baseline_scores_what_scikit_learn_says(
    server_with_docker: EmbeddedServer, hidden_digits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    spec = importlib.util.spec_from_file_location("convolution", CONVOLUTION / "model.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    model = module.load(str(CONVOLUTION), "cpu")
    inputs = np.load(hidden_digits / "hidden" / "test_inputs.npy")
    with (hidden_digits / "hidden" / "labels.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    public = np.array([row["usage"].lower() == "public" for row in rows])
    labels = np.array([int(row["label"]) for row in rows])
    scores = np.asarray(model.predict(inputs))
    expected = accuracy_score(labels[public], scores.argmax(axis=1)[public])

    def row() -> Any:
        board = httpx.get(
            f"{server_with_docker.address}/api/v1/competitions/digits/leaderboard"
        ).json()
        rows = [row for each in board["boards"] for row in each["rows"]]
        return next((row for row in rows if row["format"] == "python"), None)

    shown = wait_for(row, "The python baseline", SCORED_SECONDS)
    assert shown["baseline"]
    assert shown["score"] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("raises", [False, True])
def test_nothing_of_the_hidden_run_reaches_its_team(
    digits_participant: Minigiants, tmp_path: Path, hidden_digits: Path, raises: bool
) -> None:
    sdk = digits_participant
    (tmp_path / "model.py").write_text(TALKATIVE.format(smoke_rows=SMOKE_ROWS, raises=raises))
    artifact = sdk.upload(tmp_path, "digits")
    done = sdk.wait(sdk.submit(artifact.id, "digits"), timeout=SCORED_SECONDS)
    assert done.status == ("failed" if raises else "scored")

    log = sdk.log(done.id)
    assert "loading" in log
    assert f"in {SMOKE_ROWS} rows" in log
    assert log.count("I saw") == 1

    inputs = np.load(hidden_digits / "hidden" / "test_inputs.npy")
    carried = {repr(inputs[at : at + 256].sum().item()) for at in range(0, len(inputs), 256)}
    told = json.dumps(sdk.submission(done.id).raw()) + log
    page = httpx.get(done.raw()["url"]).text
    listed = json.dumps([each.raw() for each in sdk.submissions("digits")])
    for shown in (told, page, listed):
        assert "Stolen" not in shown
        assert not any(value in shown for value in carried)
    if raises:
        error = sdk.submission(done.id).raw()["error"]
        assert error["code"] == "crashed"
        assert sdk.submission(done.id).raw()["quota_charged"] is False
