"""`score`: the platform's harness and metrics, on this machine."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from client.cli import app
from minigiants.competitions.models import Competition
from tests.support.asgi_server import AsgiServer
from tests.support.factories import CompetitionFactory, pack_spec

pytestmark = pytest.mark.django_db(transaction=True)
BASELINES = Path(__file__).resolve().parents[2] / "competitions" / "digits" / "baselines"
TASK = {
    "type": "classification",
    "settings": {"classes": 10, "input": {"shape": [8, 8], "dtype": "float32"}},
}


@pytest.fixture
def digits(asgi_server: AsgiServer, logged_in: str, tmp_path: Path) -> Competition:
    """A competition with ten examples as its public data."""
    inputs = tmp_path / "x.npy"
    np.save(inputs, np.random.default_rng(0).random((10, 8, 8), dtype=np.float32))
    labels = "id,label\n" + "".join(f"{number},{number}\n" for number in range(10))
    competition: Competition = CompetitionFactory(
        slug="tiny",
        spec=pack_spec(task=TASK),
        files={
            "public/train_inputs.npy": inputs.read_bytes(),
            "public/train_labels.csv": labels.encode(),
        },
    )
    return competition


def _score(*arguments: str, code: int = 0) -> Any:
    result = CliRunner().invoke(app, ["score", *arguments, "--json"], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def test_a_model_is_scored_on_the_public_data(digits: Competition, tmp_path: Path) -> None:
    import onnxruntime
    from sklearn.metrics import accuracy_score, f1_score

    model = BASELINES / "softmax-650" / "artifact"
    result = _score(str(model), "-c", "tiny", "--data", str(tmp_path / "data"))
    session = onnxruntime.InferenceSession(model / "model.onnx")
    (scores,) = session.run(None, {session.get_inputs()[0].name: np.load(tmp_path / "x.npy")})[:1]
    predicted = np.asarray(scores).argmax(axis=1)
    assert result["failure"] is None
    assert [(s["metric"], pytest.approx(s["value"])) for s in result["scores"]] == [
        ("accuracy", accuracy_score(range(10), predicted)),
        ("f1_macro", f1_score(range(10), predicted, average="macro", zero_division=0)),
    ]
    assert result["scores"][0]["shown"] == f"{result['scores'][0]['value']:.4f}"
    assert result["examples"] == 10


def test_a_model_s_own_fault_is_a_failure_with_its_log(digits: Competition, tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(
        "def load(folder, device):\n"
        "    print('here I am')\n"
        "    raise ValueError('broken weights')\n"
    )
    result = _score(
        str(tmp_path / "model.py"), "-c", "tiny", "--data", str(tmp_path / "data"), code=4
    )
    assert result["failure"] == "load_failed"
    assert "here I am" in result["log"]
    assert "broken weights" in result["log"]


def test_own_data_may_be_used(digits: Competition, tmp_path: Path) -> None:
    labels = tmp_path / "y.csv"
    labels.write_text("label\n" + "0\n" * 9)
    model = BASELINES / "softmax-650" / "artifact"
    arguments = (str(model), "-c", "tiny", "--inputs", str(tmp_path / "x.npy"))
    assert _score(*arguments, code=1)["error"]["code"] == "data_incomplete"
    error = _score(*arguments, "--labels", str(labels), code=1)["error"]
    assert "9 labels for 10 inputs" in error["detail"]


def test_a_model_that_inspection_refuses_is_not_run(digits: Competition, tmp_path: Path) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "weights.pkl").write_bytes(b"\x80\x04.")
    _score(str(tmp_path / "bad"), "-c", "tiny", code=2)


def test_missing_packages_are_named(digits: Competition, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("client.practice.find_spec", lambda _name: None)
    error = _score(str(BASELINES / "softmax-650" / "artifact"), "-c", "tiny", code=1)["error"]
    assert error["code"] == "part_missing"
    assert "pip install 'minigiants[harness,worker]'" in error["mend"]
