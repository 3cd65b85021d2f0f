"""A small pack as an archive, with its data built."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from django.contrib.auth.models import Permission

from minigiants.accounts.models import User
from minigiants.competitions.models import PackVersion
from minigiants.submissions.hosting import archive_publish
from minigiants.submissions.models import Trial
from minigiants.submissions.trials import trial_conclude
from tests.evaluator.harness.onnx_models import linear, save
from tests.support.factories import UserFactory
from tests.support.npy import npy_bytes
from tests.support.pipeline import Pipeline
from tests.support.zipped import zipped

SPECIFICATION = """\
title: Tiny
licence: {name: CC0-1.0, url: "https://example.org/"}
task: {type: classification, settings: {classes: 2, input: {shape: [1]}}}
metrics: [{name: accuracy, title: Accuracy}]
formats: [onnx]
divisions: [{slug: small, title: Small, budget: {parameters: 100}}]
phases:
  - slug: main
    title: Main
    opens: 2020-01-01T00:00:00Z
    closes: 2100-01-01T00:00:00Z
    quota: {per_day: 5}
split: {by: fraction, public: 0.5, seed: 1}
data: {public: [train.csv], smoke_inputs: smoke.npy, hidden_inputs: test.npy, labels: labels.csv}
baselines:
  - {folder: baselines/one, title: One, score: 0.5}
"""


def pack_files(folder: Path) -> dict[str, bytes]:
    """A pack that publishes, by the names of its files. `folder` is scratch."""
    save(linear(np.array([[-1, 1]], dtype=np.float32)), folder)
    pages = {f"pages/{page}.md": b"# Page\n" for page in ("overview", "data", "rules")}
    inputs = np.array([[1], [2], [3], [4]], dtype=np.float32)
    return {
        "competition.yaml": SPECIFICATION.encode(),
        **pages,
        "build_data.py": b"raise SystemExit('this never runs here')\n",
        "baselines/one/artifact/model.onnx": (folder / "model.onnx").read_bytes(),
        "baselines/one/train.py": b"print('training')\n",
        "built/train.csv": b"id,label,x\nt0,0,9\n",
        "built/smoke.npy": npy_bytes(np.array([[9]], dtype=np.float32)),
        "built/test.npy": npy_bytes(inputs),
        "built/labels.csv": b"id,label\na,0\nb,1\nc,0\nd,1\n",
    }


def tried(trial: Trial, *, public: float = 0.5) -> None:
    """Play the workers of a trial: each of its baselines scores `public`."""
    pipeline = Pipeline.start()
    for run in trial.runs.filter(evaluation__isnull=False):
        pipeline.report_predictions(pipeline.claim_predict(run.evaluation))
        pipeline.report_scores(pipeline.claim_score(run.evaluation), public=public)
    assert trial_conclude(trial_id=trial.pk)


def served(files: Mapping[str, bytes], actor: User, *, slug: str = "tiny") -> PackVersion:
    """Publish a pack whose baselines, where they are tried, score as announced."""
    answer = archive_publish(slug=slug, archive=zipped(files), actor=actor)
    if isinstance(answer, Trial):
        tried(answer)
    version = answer.version
    version.refresh_from_db()
    return version


def made_founder() -> User:
    """Somebody who may found competitions."""
    person = UserFactory.create()
    person.user_permissions.add(Permission.objects.get(codename="add_competition"))
    return User.objects.get(pk=person.pk)
