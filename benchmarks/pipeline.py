"""Evaluations a minute through the whole pipeline, against a bare loop over the same models.

The bare loop is one process with its imports done that loads each model and runs the same hidden
inputs through it. The pipeline is upload, inspection, queue, claim, sandbox, scoring and record,
on the embedded server with its built-in sandbox.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

from benchmarks.packs import PACK, changed_pack
from tests.support.embedded_server import EmbeddedServer
from tests.support.participant import participant

MODEL = PACK / "baselines" / "softmax-650" / "artifact" / "model.onnx"
BATCH = 256


def measure(*, count: int = 40) -> dict[str, Any]:
    """Hand `count` different models in, and run the same models bare."""
    with tempfile.TemporaryDirectory(prefix="minigiants-bench-") as name:
        work = Path(name)
        models = _variants(work / "models", count)
        bare = _bare(models, _hidden_inputs(work / "data"))
        packs = changed_pack(work / "packs", quota={"per_day": count, "concurrent": 100})
        environment = {"MINIGIANTS_PACKS": str(packs), "MINIGIANTS_SANDBOX": "fallback"}
        with EmbeddedServer(**environment) as server, participant(server, "digits") as sdk:
            uploaded = [sdk.upload(model, "digits") for model in models]
            started = time.perf_counter()
            submitted = [sdk.submit(each.id, "digits") for each in uploaded]
            finished = [sdk.wait(each, timeout=600) for each in submitted]
            seconds = time.perf_counter() - started
        views = [each.raw() for each in finished]
    if {view["status"] for view in views} != {"scored"}:
        raise RuntimeError("not every model was scored")
    return {
        "models": count,
        "pipeline_per_minute": 60 * count / seconds,
        "bare_per_minute": 60 * count / bare,
        "ratio": bare / seconds,
        "claim_to_report_seconds": statistics.median(_between(v, "predicting") for v in views),
        "scoring_seconds": statistics.median(_between(v, "scoring") for v in views),
    }


def _between(view: dict[str, Any], status: str) -> float:
    """How long a submission was in `status`, in seconds."""
    times = {change["status"]: datetime.fromisoformat(change["at"]) for change in view["changes"]}
    following = {"predicting": "scoring", "scoring": "scored"}[status]
    return (times[following] - times[status]).total_seconds()


def _variants(folder: Path, count: int) -> list[Path]:
    """Copies of the linear baseline, each with other weights, so that none is a duplicate."""
    random = np.random.default_rng(0)
    made = []
    for number in range(count):
        model = onnx.load(MODEL)
        tensor = model.graph.initializer[0]
        values = numpy_helper.to_array(tensor)
        changed = (values + random.normal(0, 1e-3, values.shape)).astype(values.dtype)
        tensor.CopyFrom(numpy_helper.from_array(changed, tensor.name))
        target = folder / str(number)
        target.mkdir(parents=True)
        onnx.save(model, target / "model.onnx")
        made.append(target)
    return made


def _hidden_inputs(out: Path) -> np.ndarray[Any, Any]:
    out.mkdir()
    subprocess.run([sys.executable, "build_data.py", str(out)], cwd=PACK, check=True)
    inputs: np.ndarray[Any, Any] = np.load(out / "hidden" / "test_inputs.npy")
    return inputs


def _bare(models: list[Path], inputs: np.ndarray[Any, Any]) -> float:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    started = time.perf_counter()
    for model in models:
        session = onnxruntime.InferenceSession(model / "model.onnx", options)
        name = session.get_inputs()[0].name
        for at in range(0, len(inputs), BATCH):
            session.run(None, {name: inputs[at : at + BATCH]})
    return time.perf_counter() - started
