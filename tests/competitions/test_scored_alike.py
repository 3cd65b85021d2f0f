"""`minigiants score` and the platform: one score for the same model on the same rows."""

import csv
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from evaluator.contract import MetricSpec, TaskSpec
from evaluator.inspection import detect_format, folder_files
from evaluator.practice.labels import read_public_labels
from evaluator.sandbox.base import SandboxRequest
from evaluator.sandbox.docker_sandbox import DockerSandbox
from evaluator.scoring import Scorer
from evaluator.tasks import load_task
from minigiants.competitions.pack import BaselineSpec
from tests.competitions.conftest import BuildPack
from tests.support.reference_packs import PACKS, ReferencePack, rows, slugs

ROWS, DOCUMENTS = 64, 3
"""How many of them; documents of a language model are long."""
EVERY_BASELINE = [
    pytest.param(slug, baseline, id=f"{slug}-{Path(baseline.folder).name}")
    for slug in slugs()
    for baseline in ReferencePack(slug, PACKS).spec.baselines
]

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def sandbox(
    docker_engine: str, harness_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DockerSandbox]:
    scratch = tmp_path_factory.mktemp("scored-alike")
    with closing(DockerSandbox(scratch=scratch, image=harness_image, runtime="runc")) as sandbox:
        yield sandbox


def some_rows(pack: ReferencePack, folder: Path) -> tuple[Path, Path]:
    """Some public inputs and labels; of a retrieval task all, as queries need their documents."""
    if pack.spec.task.type == "embedding":
        return pack.public_lines(folder)
    hidden = pack.built / str(pack.spec.data.hidden_inputs)
    if hidden.suffix != ".npy":
        is_long = pack.spec.task.type == "language-modelling"
        return pack.public_lines(folder, DOCUMENTS if is_long else ROWS)
    kept = [
        (place, row["id"], row["label"])
        for place, row in enumerate(rows(pack.built / pack.spec.data.labels))
        if row["usage"] == "Public"
    ][:ROWS]
    inputs, labels = folder / "inputs.npy", folder / "labels.csv"
    np.save(inputs, np.load(hidden)[[place for place, _, _ in kept]])
    with labels.open("w", newline="") as file:
        csv.writer(file).writerows([("id", "label"), *(told for _, *told in kept)])
    return inputs, labels


@pytest.mark.parametrize(("slug", "baseline"), EVERY_BASELINE)
def test_a_baseline_scores_alike_here_and_there(
    slug: str,
    baseline: BaselineSpec,
    built_pack: BuildPack,
    sandbox: DockerSandbox,
    tmp_path: Path,
) -> None:
    pack = built_pack(slug)
    spec, metric = pack.spec, pack.spec.metrics[0]
    artifact = pack.folder / baseline.folder / "artifact"
    inputs, labels = some_rows(pack, tmp_path)
    output = tmp_path / "output"
    output.mkdir()
    task = load_task(TaskSpec(type=spec.task.type, settings=spec.task.settings))

    result = sandbox.run(
        SandboxRequest(
            format=str(detect_format(folder_files(artifact))),
            task=task.spec,
            model_folder=artifact,
            smoke_inputs=inputs,
            hidden_inputs=inputs,
            output_folder=output,
            limits=spec.runtime.limits,
            seed=spec.runtime.seed,
        ),
        on_stage=lambda _stage: True,
    )

    assert result.failure is None, result.failure_detail + result.smoke_log
    assert result.predictions is not None
    examples = task.count_examples(inputs)
    truth = read_public_labels(labels, task.label_kind, examples)
    scorer = Scorer(task, task.read_predictions(result.predictions, examples), truth)
    there = scorer.value(MetricSpec(name=metric.name, params=metric.params), truth.scored)
    assert there == pytest.approx(pack.score(artifact, inputs, labels), abs=1e-6)
