"""Language models in ONNX that look ahead, in the fallback, which every installation has."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from evaluator.contract import Failure, Limits, Stage, TaskSpec
from evaluator.harness.language_modelling import DOCUMENT
from evaluator.harness.onnx_language_model import OnnxLanguageModel
from evaluator.harness.onnx_runner import OnnxRunner
from evaluator.harness.runners import LoadOptions
from evaluator.sandbox.base import Sandbox, SandboxRequest, SandboxResult, SandboxUnavailable
from evaluator.sandbox.fallback_sandbox import FallbackSandbox
from tests.evaluator.harness.onnx_language_models import (
    bigram_table,
    save_bigrams,
    save_looking_ahead,
)
from tests.evaluator.sandbox.language_models import write_documents
from tests.support.missing import missing

TASK = TaskSpec(type="language-modelling", settings={"documents_in_step": 64})
LIMITS = Limits(memory_bytes=512 * 1024**2, load_seconds=20, smoke_seconds=20, hidden_seconds=20)
SMOKE = ["a smoke document", "and another one"]
HIDDEN = [f"hidden document number {number}, and what it tells" for number in range(8)]
TABLE = bigram_table()


@pytest.fixture(scope="module")
def fallback(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    try:
        sandbox = FallbackSandbox(scratch=tmp_path_factory.mktemp("fallback"))
    except SandboxUnavailable as reason:
        missing("The fallback's confinement", str(reason))
    yield sandbox
    sandbox.close()


def examine(sandbox: Sandbox, folder: Path) -> SandboxResult:
    """Run the model in `folder / "model"`."""
    output = folder / "output"
    output.mkdir()
    return sandbox.run(
        SandboxRequest(
            format="onnx",
            task=TASK,
            model_folder=folder / "model",
            smoke_inputs=write_documents(folder / "smoke.jsonl", SMOKE),
            hidden_inputs=write_documents(folder / "hidden.jsonl", HIDDEN),
            output_folder=output,
            limits=LIMITS,
            seed=0,
        ),
        on_stage=lambda _stage: True,
    )


def test_a_model_that_looks_ahead_is_found_on_public_text(
    fallback: Sandbox, tmp_path: Path
) -> None:
    save_looking_ahead(tmp_path / "model", TABLE, hardness=-1)
    result = examine(fallback, tmp_path)

    assert (result.failure, result.failed_stage) == (Failure.NOT_CAUSAL, Stage.SMOKE)
    assert result.predictions is None


def test_an_honest_model_is_scored(fallback: Sandbox, tmp_path: Path) -> None:
    save_bigrams(tmp_path / "model", TABLE)
    result = examine(fallback, tmp_path)

    assert result.failure is None, result.smoke_log
    assert result.predictions is not None
    signs = [np.frombuffer(b"\0" + text.encode(), dtype=np.uint8) for text in HIDDEN]
    expected = [-TABLE[each[:-1], each[1:]].sum() for each in signs]
    np.testing.assert_allclose(np.load(result.predictions)[:, 0], expected, rtol=1e-5)


def nats(folder: Path) -> np.ndarray:
    """What the harness tells of the documents, here, beside no other process."""
    options = LoadOptions(
        task_type="language-modelling", settings={}, inputs=DOCUMENT, device="cpu"
    )
    found = OnnxRunner(threads=1).load(folder, options).predict(HIDDEN)["nats"]
    assert isinstance(found, np.ndarray)
    return found


def test_looking_ahead_would_win(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: no probe."""
    monkeypatch.setattr(OnnxLanguageModel, "_probe", lambda *_: None)
    honest = nats(save_bigrams(tmp_path / "honest", TABLE))
    cheat = nats(save_looking_ahead(tmp_path / "cheat", TABLE, hardness=-1))

    assert (cheat < honest / 5).all()
