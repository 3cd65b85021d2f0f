"""Scoring on this machine: the platform's own harness, in the caller's own Python."""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from client.checking import check_files
from client.errors import EXIT_REJECTED, MinigiantsError
from client.local import local_files
from client.sdk import Minigiants
from client.views import DataFile
from evaluator.inspection import LocalFile, detect_format

NEEDED: Final = ("numpy", "sklearn")
RUNTIMES: Final = {
    "onnx": ("onnxruntime",),
    "python": ("numpy",),
    "transformers": ("torch", "transformers", "safetensors"),
}
INPUTS_ENDS, LABELS_END = ("_inputs.npy", "_inputs.jsonl"), "_labels.csv"


def practise(
    server: Minigiants,
    path: Path,
    competition: str,
    *,
    inputs: Path | None,
    labels: Path | None,
    folder: Path,
) -> dict[str, Any]:
    """Run the model in `path` and score it on `inputs` and `labels`, by default public ones.

    Raises MinigiantsError for a model that inspection refuses, and for missing packages.
    """
    files = local_files(path)
    limits = server.limits(competition)
    verdict = check_files(files, limits)
    if not verdict["accepted"]:
        first = verdict["refusals"][0]
        raise MinigiantsError(
            f"{first['what']} {first['why']}",
            mend=f"{first['mend']} All findings: minigiants check {path} -c {competition}",
            code=first["code"],
            exit_code=EXIT_REJECTED,
        )
    name = detect_format(files) or limits["formats"][0]
    _require_packages(name)
    if (inputs is None) != (labels is None):
        raise MinigiantsError(
            "Inputs and labels belong together.",
            mend="Give both --inputs and --labels, or neither.",
            code="data_incomplete",
        )
    if inputs is None or labels is None:
        inputs, labels = _public_pair(server, competition, folder)
    with TemporaryDirectory(prefix="minigiants-model-") as temporary:
        request = {
            "format": name,
            "task": limits["task"],
            "metrics": [
                {"name": metric["name"], "params": metric["params"]} for metric in limits["metrics"]
            ],
            "limits": limits["runtime"]["limits"],
            "seed": limits["runtime"]["seed"],
            "model": str(_as_folder(path, files, Path(temporary))),
            "inputs": str(inputs.resolve()),
            "labels": str(labels.resolve()),
        }
        result = _run(request)
    metrics = {metric["name"]: metric for metric in limits["metrics"]}
    for score in result["scores"]:
        metric = metrics[score["metric"]]
        score |= {"title": metric["title"], "shown": f"{score['value']:.{metric['decimals']}f}"}
    return {**result, "inputs": str(inputs), "labels": str(labels)}


def _require_packages(name: str) -> None:
    missing = [
        package for package in (*NEEDED, *RUNTIMES.get(name, ())) if find_spec(package) is None
    ]
    if missing:
        raise MinigiantsError(
            f"Scoring {name} models here needs {', '.join(missing)}.",
            mend="Install what models are run with: pip install 'minigiants[harness,worker]'",
            code="part_missing",
        )


def _public_pair(server: Minigiants, competition: str, folder: Path) -> tuple[Path, Path]:
    """The one pair of public files NAME_inputs.(npy|jsonl) and NAME_labels.csv, downloaded."""
    files = {file.path: file for file in server.data_files(competition)}
    pairs: list[tuple[DataFile, DataFile]] = [
        (file, files[path.removesuffix(end) + LABELS_END])
        for path, file in files.items()
        for end in INPUTS_ENDS
        if path.endswith(end) and path.removesuffix(end) + LABELS_END in files
    ]
    if len(pairs) != 1:
        raise MinigiantsError(
            f"{competition} has {len(pairs)} pairs of public inputs and labels.",
            mend="Say which data to score on, with --inputs and --labels.",
            code="data_ambiguous",
        )
    first, second = (server.download(competition, file, folder) for file in pairs[0])
    return first, second


def _as_folder(path: Path, files: Sequence[LocalFile], temporary: Path) -> Path:
    """The model's folder; a single file gets one of its own, without its neighbours."""
    if path.is_dir():
        return path.resolve()
    for file in files:
        shutil.copyfile(file.location, temporary / file.path)
    return temporary


def _run(request: dict[str, Any]) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "evaluator.practice"],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["it ended without a word"]
        raise MinigiantsError(
            f"The model could not be scored: {lines[-1]}",
            mend="Check the data files; `minigiants data` fetches the public ones again.",
            code="score_failed",
        )
    result: dict[str, Any] = json.loads(done.stdout)
    return result
