"""Baselines of a pack, run and scored on this machine as the platform will run and score them."""

import csv
import json
import math
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from client.errors import MinigiantsError
from evaluator.inspection import detect_format, folder_files, inspect_artifact
from evaluator.inspection.budgets import Budget
from evaluator.inspection.judgement import DivisionBudget, judge

USAGES: Final = {"u": "Public", "v": "Private", "d": "Document"}


@dataclass(frozen=True)
class Rehearsed:
    """How a baseline did. `fault` says why it does not score as announced; empty where it does."""

    folder: str
    title: str
    line: int | None
    announced: float
    score: float | None
    division: str | None
    fault: str


def rehearse_all(
    folder: Path, data: Path, report: Mapping[str, Any], scratch: Path
) -> Iterator[Rehearsed]:
    """Each baseline of a pack that the server has found right, in turn. `report` is its answer."""
    specification = report["specification"]
    labels = scratch / "labels.csv"
    _write_labels(specification, data, report["usages"], labels)
    for baseline in report["baselines"]:
        yield _rehearse(folder, data, specification, baseline, labels)


def _write_labels(specification: Mapping[str, Any], data: Path, usages: str, target: Path) -> None:
    """The labels with each row's usage in the column that scoring reads."""
    split = specification["split"]
    dropped = split["column"].lower() if split["by"] == "column" else None
    with (data / specification["data"]["labels"]).open(encoding="utf-8-sig", newline="") as file:
        header, *rows = [row for row in csv.reader(file) if row]
    kept = [place for place, name in enumerate(header) if name.strip().lower() != dropped]
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*(header[place] for place in kept), "usage"])
        for row, usage in zip(rows, usages, strict=True):
            writer.writerow([*(row[place] for place in kept), USAGES[usage]])


def _rehearse(
    folder: Path,
    data: Path,
    specification: Mapping[str, Any],
    baseline: Mapping[str, Any],
    labels: Path,
) -> Rehearsed:
    model = folder / baseline["folder"] / "artifact"
    name, division, fault = _inspected(model, specification)
    score = None
    if not fault:
        score, fault = _scored(model, name, data, specification, labels, folder)
    if not fault and score is not None:
        fault = _compared(score, baseline)
    return Rehearsed(
        folder=baseline["folder"],
        title=baseline["title"],
        line=baseline["line"],
        announced=baseline["score"],
        score=score,
        division=division,
        fault=fault,
    )


def _inspected(model: Path, specification: Mapping[str, Any]) -> tuple[str, str | None, str]:
    files = folder_files(model)
    name = detect_format(files) or specification["formats"][0]
    judgement = judge(
        inspect_artifact(files, format=name),
        formats=tuple(specification["formats"]),
        divisions=[
            DivisionBudget(
                slug=division["slug"],
                title=division["title"],
                budget=Budget.model_validate(division["budget"]),
            )
            for division in specification["divisions"]
        ],
    )
    if judgement.division is not None:
        return name, judgement.division, ""
    refusal = judgement.refusals[0]
    return name, None, f"inspection refuses it: {refusal.what} [{refusal.code}]"


def _scored(
    model: Path,
    name: str,
    data: Path,
    specification: Mapping[str, Any],
    labels: Path,
    folder: Path,
) -> tuple[float | None, str]:
    files, metric = specification["data"], specification["metric"]
    runtime = specification["runtime"]
    limits = {k: v for k, v in (metric or {}).items() if k in {"time_seconds", "memory_bytes"}}
    request = {
        "format": name,
        "task": specification["task"],
        "metrics": [
            {"name": each["name"], "params": each["params"]} for each in specification["metrics"]
        ],
        "limits": runtime["limits"],
        "seed": runtime["seed"],
        "model": str(model),
        "smoke_inputs": _path(data, files["smoke_inputs"]),
        "hidden_inputs": _path(data, files["hidden_inputs"]),
        "labels": str(labels),
        "metric_code": None if metric is None else _path(folder, metric["file"]),
        "metric_limits": limits,
    }
    done = subprocess.run(
        [sys.executable, "-m", "evaluator.practice.rehearsal"],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["it ended without a word"]
        if "No module named" in said[-1]:
            raise MinigiantsError(
                f"Running baselines here needs more packages: {said[-1]}.",
                mend="Install what models are run with: pip install 'minigiants[harness,worker]'",
                code="part_missing",
            )
        return None, f"it can't be scored: {said[-1]}"
    result = json.loads(done.stdout)
    if result["failure"]:
        return None, f"it ends as {result['failure']}: {result['detail']}"
    ranking = specification["metrics"][0]["name"]
    return next(
        value["value"]
        for value in result["values"]
        if value["metric"] == ranking and value["split"] == "public"
    ), ""


def _path(root: Path, name: str | None) -> str | None:
    return None if name is None else str(root / name)


def _compared(score: float, baseline: Mapping[str, Any]) -> str:
    announced, tolerance = baseline["score"], baseline["tolerance"]
    if math.isclose(score, announced, rel_tol=0, abs_tol=tolerance):
        return ""
    return f"it scores {score!r} on the public split; {announced!r} is announced, ± {tolerance:g}"
