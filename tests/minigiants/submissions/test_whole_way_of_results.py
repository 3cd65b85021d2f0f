"""Results and models on their whole way: a published pack, the site over HTTP, real workers."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from django.test import Client
from django.utils import timezone
from pydantic import SecretStr

from evaluator.contract import Failure, Role
from evaluator.worker.config import WorkerConfig
from evaluator.worker.runtime import Runtime
from minigiants.accounts.models import User
from minigiants.artifacts.services import artifact_store
from minigiants.competitions.models import Competition
from minigiants.competitions.services import pack_publish, rules_accept
from minigiants.submissions.models import Submission
from minigiants.submissions.presentation import SubmissionView, submission_view
from minigiants.submissions.selectors import submission_whole
from minigiants.submissions.services import submission_create
from minigiants.submissions.workers import worker_key_register
from tests.evaluator.harness.onnx_models import linear, save
from tests.support.asgi_server import AsgiServer
from tests.support.factories import UserFactory
from tests.support.pipeline import PREDICT_SECRET, SCORE_SECRET

pytestmark = pytest.mark.django_db(transaction=True)

BUILDER = """
import sys
from pathlib import Path
for name, content in {files!r}.items():
    (Path(sys.argv[1]) / name).write_bytes(content)
"""
METRIC = """
class ParticipantVisibleError(Exception):
    pass

def score(solution, submission, row_id_column_name):
    if (submission["y"] < 0).any():
        raise ParticipantVisibleError("y must not be negative")
    return 1 / (solution["y"] - submission["y"]).abs().mean()
"""
LABELS = b"id,label,usage\na,0,Public\nb,1,Public\nc,0,Private\nd,1,Private\n"
SOLUTION = b"id,y,usage\na,1,Public\nb,2,Public\nc,3,Private\nd,4,Private\n"
NUMBERS = b"id,label,usage\na,2,Public\nb,4,Public\nc,6,Private\nd,9,Private\n"
INPUTS = np.array([[1], [2], [3], [4]], dtype=np.float32)

Publish = Callable[..., Competition]
Enter = Callable[..., SubmissionView]


@pytest.fixture
def publish(tmp_path: Path) -> Publish:
    """Publishes a pack whose builder writes `files`; keywords are parts of its specification."""

    def make(*, files: dict[str, bytes], metric_code: str = "", **parts: Any) -> Competition:
        folder = tmp_path / "whole"
        for name in ("pages", "baselines/one/artifact"):
            (folder / name).mkdir(parents=True)
        for page in ("overview", "data", "rules"):
            (folder / f"pages/{page}.md").write_text(f"# The {page}\n")
        (folder / "build_data.py").write_text(BUILDER.format(files=files))
        if metric_code:
            (folder / "metric.py").write_text(metric_code)
        year = timezone.now().year
        specification = {
            "title": "Whole",
            "licence": {"name": "CC0-1.0", "url": "https://example.org/"},
            "divisions": [{"slug": "open", "title": "Open", "budget": {"artifact_bytes": 10_000}}],
            "phases": [
                {
                    "slug": "main",
                    "title": "Main",
                    "opens": f"{year}-01-01T00:00:00Z",
                    "closes": f"{year + 1}-01-01T00:00:00Z",
                    "quota": {"per_day": 9, "concurrent": 9},
                }
            ],
            "baselines": [{"folder": "baselines/one", "title": "One", "score": 1}],
            **parts,
        }
        (folder / "competition.yaml").write_text(yaml.safe_dump(specification))
        return pack_publish(folder=folder, actor=None).competition

    return make


@pytest.fixture
def enter(asgi_server: AsgiServer, tmp_path: Path) -> Iterator[Enter]:
    """Hands a folder in for a new person, and lets a worker of each role do its part."""
    worker_key_register(role=Role.PREDICT, profile="cpu", name="test", secret=PREDICT_SECRET)
    worker_key_register(role=Role.SCORE, profile="cpu", name="test", secret=SCORE_SECRET)
    with ExitStack() as stopped:

        def start(role: Role, secret: str, **settings: Any) -> Runtime:
            number = len(list(tmp_path.glob("scratch-*")))
            config = WorkerConfig(
                role=role,
                key=SecretStr(secret),
                name="tester",
                cache=tmp_path / f"cache-{number}",
                scratch=tmp_path / f"scratch-{number}",
                platform_url=asgi_server.url,
                broker_url=SecretStr("redis://nowhere"),
                **settings,
            )
            runtime = Runtime(config)
            runtime.start()
            stopped.callback(runtime.stop)
            return runtime

        def hand_in(
            competition: Competition, folder: Path, **score_settings: Any
        ) -> SubmissionView:
            person: User = UserFactory()
            rules_accept(user=person, competition=competition)
            artifact = artifact_store(user=person, competition=competition, folder=folder)
            submission = submission_create(
                user=person, competition=competition, artifact_id=artifact.pk
            )
            evaluation = submission.evaluations.get()
            start(Role.PREDICT, PREDICT_SECRET, sandbox="fallback").evaluate(evaluation.pk, 1)
            score_settings = {"sandbox": "fallback", **score_settings}
            start(Role.SCORE, SCORE_SECRET, **score_settings).evaluate(evaluation.pk, 1)
            whole: Submission = submission_whole(submission_id=submission.pk)
            return submission_view(whole)

        yield hand_in


def statuses_of_pages(view: SubmissionView) -> set[int]:
    """How the pages of a submission and of its competition answer its team."""
    client = Client()
    client.force_login(submission_whole(submission_id=view.id).submitted_by)
    competition = f"/competitions/{view.competition}/"
    pages = (view.url, competition, f"{competition}leaderboard/", f"{competition}data/")
    return {client.get(page).status_code for page in (*pages, view.api_url)}


def results(folder: Path, content: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "predictions.csv").write_text(content)
    return folder


def test_results_are_scored_and_ranked(publish: Publish, enter: Enter, tmp_path: Path) -> None:
    competition = publish(
        files={"train.csv": b"x,label\n", "labels.csv": LABELS},
        task={"type": "classification", "settings": {"classes": 2, "input": {"shape": [1]}}},
        metrics=[{"name": "accuracy", "title": "Accuracy"}],
        formats=["predictions"],
        data={"public": ["train.csv"], "labels": "labels.csv"},
    )
    folder = tmp_path / "results"
    view = enter(competition, results(folder, "id,label\nd,1\nc,0\nb,0\na,0\n"))
    assert (view.status, view.score, view.rank) == ("scored", 0.5, 1)
    assert statuses_of_pages(view) == {200}
    view = enter(competition, results(folder, "id,label\nd,1\nc,0\nb,0\nb,1\n"))
    assert view.error is not None
    assert (view.error.code, view.quota_charged) == (Failure.INVALID_PREDICTIONS, False)
    assert view.error.why == "Line 5: the id 'b' came before."
    assert statuses_of_pages(view) == {200}


@pytest.mark.docker
def test_a_metric_of_its_own_ranks(
    publish: Publish, enter: Enter, tmp_path: Path, docker_engine: str, harness_image: str
) -> None:
    competition = publish(
        files={"train.csv": b"id,y\n", "solution.csv": SOLUTION},
        metric_code=METRIC,
        task={"type": "custom"},
        metric={"file": "metric.py", "memory_bytes": 512 * 1024**2},
        metrics=[{"name": "custom", "title": "Closeness", "better": "higher"}],
        formats=["predictions"],
        data={"public": ["train.csv"], "labels": "solution.csv"},
    )
    folder = tmp_path / "results"
    engine = {"sandbox": "docker", "harness_image": harness_image}
    far = enter(competition, results(folder, "id,y\na,5\nb,6\nc,7\nd,8\n"), **engine)
    assert (far.status, far.score, far.rank) == ("scored", 0.25, 1)
    near = enter(competition, results(folder, "id,y\na,2\nb,3\nc,4\nd,5\n"), **engine)
    assert (near.status, near.score, near.rank) == ("scored", 1.0, 1)
    refused = enter(competition, results(folder, "id,y\na,-2\nb,3\nc,4\nd,5\n"), **engine)
    assert refused.error is not None
    assert refused.error.code == Failure.INVALID_PREDICTIONS
    assert refused.error.why == "y must not be negative"
    crashed = enter(competition, results(folder, "id,z\na,1\nb,2\nc,3\nd,4\n"), **engine)
    assert crashed.error is not None
    assert crashed.error.code == Failure.SCORING_FAILED
    assert not crashed.quota_charged
    assert "KeyError" not in str(crashed)


def test_a_regression_model_is_run_and_scored(
    publish: Publish, enter: Enter, tmp_path: Path
) -> None:
    for name, array in {"smoke.npy": INPUTS[:2] + 0.25, "hidden.npy": INPUTS}.items():
        np.save(tmp_path / name, array)
    competition = publish(
        files={
            "train.csv": b"x,y\n",
            "smoke.npy": (tmp_path / "smoke.npy").read_bytes(),
            "hidden.npy": (tmp_path / "hidden.npy").read_bytes(),
            "labels.csv": NUMBERS,
        },
        task={"type": "regression", "settings": {"input": {"shape": [1]}}},
        metrics=[{"name": "rmse", "title": "RMSE"}],
        formats=["onnx"],
        data={
            "public": ["train.csv"],
            "smoke_inputs": "smoke.npy",
            "hidden_inputs": "hidden.npy",
            "labels": "labels.csv",
        },
    )
    model = tmp_path / "model"
    save(linear(np.array([[2]], dtype=np.float32)), model)
    view = enter(competition, model)
    assert (view.status, view.score, view.rank) == ("scored", 0.0, 1)
