"""Participants' code on a whole server with Docker: it is scored."""

import csv
import importlib.util
import sys
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from sklearn.metrics import accuracy_score

from tests.support.digits import PACK
from tests.support.embedded_server import EmbeddedServer
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.server, pytest.mark.docker]

CONVOLUTION = PACK / "baselines" / "conv-python" / "artifact"
SCORED_SECONDS = 120


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
        return next((row for row in rows if row["format"] == "python" and row["baseline"]), None)

    shown = wait_for(row, "The python baseline", SCORED_SECONDS)
    assert shown["score"] == pytest.approx(expected, abs=1e-12)
