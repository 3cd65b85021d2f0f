"""An organizer's whole way, by the command line alone: from nothing to a rescore."""

import csv
import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import Permission
from pydantic import SecretStr
from typer.testing import CliRunner

from client.cli import app
from client.cli import host as commands
from client.pack_building import built
from evaluator.contract import Role
from evaluator.worker.config import WorkerConfig
from evaluator.worker.runtime import Runtime
from minigiants.accounts.services import token_create
from minigiants.artifacts.services import artifact_store
from minigiants.competitions.models import Competition, PackFile
from minigiants.competitions.selectors import current_version
from minigiants.competitions.services import rules_accept
from minigiants.core.blobstore import blob_store
from minigiants.leaderboards.selectors import rankings
from minigiants.submissions.models import Evaluation, Rescore, Submission
from minigiants.submissions.rescoring import rescores_advance
from minigiants.submissions.services import submission_create
from minigiants.submissions.trials import trial_conclude, trials_complete
from minigiants.submissions.workers import worker_key_register
from tests.evaluator.harness.onnx_models import linear, save
from tests.support.asgi_server import AsgiServer
from tests.support.factories import UserFactory
from tests.support.pipeline import PREDICT_SECRET, SCORE_SECRET

pytestmark = pytest.mark.django_db(transaction=True)

GOOD = np.array([[0, 1], [0, 1], [0, -1]], dtype=np.float32)
"""Class 1 where x + y > 1: what the template's labels follow, but for noise."""
BACKWARD = -GOOD


def host(*arguments: str, code: int = 0) -> Any:
    """What `minigiants host` answers, as JSON."""
    result = CliRunner().invoke(app, ["host", *arguments, "--json"], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


@pytest.fixture
def organizer(asgi_server: AsgiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever calls `host`: somebody who may found competitions, and nothing else."""
    person = UserFactory.create()
    person.user_permissions.add(Permission.objects.get(codename="add_competition"))
    _, token = token_create(user=person, name="host", scopes=["host"], days=1)
    monkeypatch.setenv("MINIGIANTS_URL", asgi_server.url)
    monkeypatch.setenv("MINIGIANTS_TOKEN", token)


@pytest.fixture
def workers(asgi_server: AsgiServer, tmp_path: Path) -> Iterator[dict[Role, Runtime]]:
    """A real worker of each role."""
    with ExitStack() as stopped:
        started = {}
        for role, secret in ((Role.PREDICT, PREDICT_SECRET), (Role.SCORE, SCORE_SECRET)):
            worker_key_register(role=role, profile="cpu", name="test", secret=secret)
            started[role] = Runtime(
                WorkerConfig(
                    role=role,
                    key=SecretStr(secret),
                    name="tester",
                    cache=tmp_path / f"cache-{role}",
                    scratch=tmp_path / f"scratch-{role}",
                    platform_url=asgi_server.url,
                    broker_url=SecretStr("redis://nowhere"),
                    sandbox="fallback",
                )
            )
            started[role].start()
            stopped.callback(started[role].stop)
        yield started


def hand_in(competition: Competition, weights: np.ndarray[Any, Any], folder: Path) -> str:
    """Hand a model in for a new person. Returns the team's name."""
    person = UserFactory.create()
    rules_accept(user=person, competition=competition)
    save(linear(weights), folder)
    artifact = artifact_store(user=person, competition=competition, folder=folder)
    submission = submission_create(user=person, competition=competition, artifact_id=artifact.pk)
    return submission.team.name


def evaluate_all(workers: dict[Role, Runtime]) -> None:
    """Let the workers do what waits."""
    for role, status in ((Role.PREDICT, "queued"), (Role.SCORE, "scoring")):
        for evaluation in Evaluation.objects.filter(status=status):
            workers[role].evaluate(evaluation.pk, evaluation.attempt)


@pytest.fixture
def meanwhile(workers: dict[Role, Runtime], monkeypatch: pytest.MonkeyPatch) -> None:
    """While the command line waits, workers and platform do what is to be done."""

    def work(seconds: float) -> None:
        evaluate_all(workers)
        for trial_id in trials_complete():
            trial_conclude(trial_id=trial_id)

    monkeypatch.setattr(commands, "time", SimpleNamespace(sleep=work))


def accuracy(competition: Competition, weights: np.ndarray[Any, Any], data: Path) -> float:
    """The public score that a model should have, computed here from the version's own labels."""
    labels = current_version(competition).files.get(role=PackFile.Role.LABELS)
    with blob_store().open(labels.digest) as stream:
        rows = list(csv.DictReader(stream.read().decode().splitlines()))
    answers = (np.load(data / "hidden/test_inputs.npy") @ weights).argmax(axis=1)
    return float(
        np.mean(
            [
                int(row["label"]) == answer
                for row, answer in zip(rows, answers, strict=True)
                if row["usage"] == "Public"
            ]
        )
    )


def board(competition: Competition, teams: set[str]) -> list[tuple[Any, ...]]:
    """The public board's rows of `teams`, each with its score, best first."""
    return [
        (row.team, row.score)
        for row in rankings(competition=competition)
        if row.split == "public" and row.team in teams
    ]


@pytest.mark.timeout(600)
def test_from_nothing_to_a_rescore(
    organizer: None, workers: dict[Role, Runtime], meanwhile: None, tmp_path: Path
) -> None:
    folder = Path(host("init", "sides", "--in", str(tmp_path))["folder"])
    specification = folder / "competition.yaml"
    right = specification.read_text()

    # A baseline that does not score what is announced is told with its line.
    specification.write_text(right.replace("score: 0.", "score: -0."))
    report = host("validate", str(folder), code=2)
    line = next(n for n, text in enumerate(right.splitlines(), 1) if "baselines/first" in text)
    assert report["baselines"][0]["line"] == line
    assert "on the public split" in report["baselines"][0]["fault"]
    assert not Competition.objects.exists()

    specification.write_text(right)
    assert host("preview", str(folder))["title"] == "Sides"
    published = host("publish", str(folder))
    assert (published["version"], published["rescore"]["rescored"]) == (1, 0)
    assert published["url"].endswith("/competitions/sides/")
    assert [(run["folder"], run["status"]) for run in published["runs"]] == [
        ("baselines/first", "scored")
    ]
    competition = Competition.objects.get(slug="sides")

    good = hand_in(competition, GOOD, tmp_path / "good")
    backward = hand_in(competition, BACKWARD, tmp_path / "backward")
    evaluate_all(workers)
    with built(folder) as data:
        expected = {
            good: accuracy(competition, GOOD, data),
            backward: accuracy(competition, BACKWARD, data),
        }
    assert expected[good] > 0.8 > expected[backward]
    assert board(competition, {good, backward}) == [
        (good, pytest.approx(expected[good])),
        (backward, pytest.approx(expected[backward])),
    ]

    # The labels were the wrong way round: the organizer mends the builder and publishes again.
    builder = folder / "build_data.py"
    builder.write_text(builder.read_text().replace(" > 1)", " <= 1)"))
    announced = float(right.split("score: ")[1].split()[0])
    specification.write_text(right.replace(f"score: {announced}", f"score: {1 - announced}"))
    published = host("publish", str(folder))
    assert (published["version"], published["rescore"]["rescored"]) == (2, 3)
    assert board(competition, {good, backward})[0][0] == good

    started = host("rescore", "-c", "sides", "-m", "The two sides had been confused.")
    assert (started["state"], started["submissions"]) == ("running", 3)
    for evaluation in Evaluation.objects.filter(rescore=started["id"]):
        workers[Role.SCORE].evaluate(evaluation.pk, 1)
    assert rescores_advance() == 1
    competition.refresh_from_db()
    with built(folder) as data:
        expected = {
            good: accuracy(competition, GOOD, data),
            backward: accuracy(competition, BACKWARD, data),
        }
    assert expected[backward] > 0.8 > expected[good]
    assert board(competition, {good, backward}) == [
        (backward, pytest.approx(expected[backward])),
        (good, pytest.approx(expected[good])),
    ]
    table = Rescore.objects.get().table
    moved = {
        row["team"]: (row["rank_before"], row["rank_after"])
        for row in table
        if row["split"] == "public" and row["team"] in expected
    }
    assert moved[backward][0] > moved[good][0]
    assert moved[backward][1] < moved[good][1]
    assert set(Submission.objects.filter(team__name=good).values_list("pack_version__number")) == {
        (1,)
    }

    # What serves is told at once: nothing is tried again.
    exported = Path(host("export", "-c", "sides", "--in", str(tmp_path / "out"))["folder"])
    assert host("publish", str(exported))["version"] == 2
    assert host("unpublish", "-c", "sides")["published"] is False
    competition.refresh_from_db()
    assert competition.current_version is None


def test_the_server_has_the_last_word_on_baselines(
    organizer: None, meanwhile: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(host("init", "sides", "--in", str(tmp_path))["folder"])
    specification = folder / "competition.yaml"
    right = specification.read_text()
    specification.write_text(right.replace("score: 0.", "score: -0."))
    monkeypatch.setattr(commands, "rehearse_all", lambda *arguments: [])
    refused = host("publish", str(folder), code=2)["error"]
    line = next(n for n, text in enumerate(right.splitlines(), 1) if "baselines/first" in text)
    assert refused["code"] == "baseline_fails"
    assert f"competition.yaml:{line}: " in refused["detail"]
    assert "on the public split" in refused["detail"]
    assert Competition.objects.get(slug="sides").current_version is None

    specification.write_text(right)
    begun = host("publish", str(folder), "--no-wait")
    assert (begun["state"], begun["version"]) == ("running", 2)
    assert host("publish", str(folder))["state"] == "served"
