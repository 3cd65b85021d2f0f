"""Results handed in as a file, from a claimed job to its report; metrics in real containers."""

from collections.abc import Callable
from typing import Any

import pytest

from evaluator.contract import Failure, Role
from evaluator.worker.runtime import Runtime
from tests.evaluator.worker.fake_platform import FakePlatform
from tests.evaluator.worker.jobs import EVALUATION, offer_score
from tests.support.losses import losses_of

SOLUTION = b"id,y,Usage\na,1,Public\nb,2,Public\nc,3,Private\nd,5,Private\n"
RESULTS = b"id,y\nd,5\nc,4\nb,2\na,1\n"
METRIC = """
class ParticipantVisibleError(Exception):
    pass

def score(solution, submission, row_id_column_name, power=1):
    assert list(solution[row_id_column_name]) == list(submission[row_id_column_name])
    if (submission["y"] < 0).any():
        raise ParticipantVisibleError("y must not be negative")
    losses = (solution["y"] - submission["y"]).abs() ** power
    return losses.mean(), losses
"""

Started = Callable[..., Runtime]


def offer_custom(platform: FakePlatform, *, results: bytes = RESULTS, metric: str = METRIC) -> None:
    offer_score(
        platform,
        task={"type": "custom", "settings": {"columns": ["y"]}},
        metrics=[{"name": "custom", "params": {"power": 2}}],
        labels=platform.blob("solution.csv", SOLUTION),
        predictions=platform.blob("predictions.csv", results),
        metric_code=platform.blob("metric.py", metric.encode()),
        metric_limits={"time_seconds": 60, "memory_bytes": 512 * 1024**2},
    )


def reported(platform: FakePlatform, runtime: Runtime) -> dict[str, Any]:
    runtime.evaluate(EVALUATION, 1)
    report: dict[str, Any] = platform.reports()[-1]
    return report


@pytest.fixture
def scorer(started: Started, docker_engine: str, harness_image: str) -> Runtime:
    """A score worker with a container engine."""
    return started(Role.SCORE, sandbox="docker", harness_image=harness_image)


@pytest.mark.docker
def test_a_metric_of_its_own_scores_both_splits(platform: FakePlatform, scorer: Runtime) -> None:
    platform.wait(lambda: bool(platform.said("/presence")))
    assert platform.said("/presence")[0].json["strength"] == "docker"
    offer_custom(platform)
    report = reported(platform, scorer)
    assert report["failure"] is None
    assert [(value["split"], value["value"]) for value in report["values"]] == [
        ("public", 0.0),
        ("private", 0.5),
    ]
    [losses] = platform.uploads.values()
    assert losses_of(losses) == {"public": [0, 0], "private": [1, 0]}


@pytest.mark.docker
def test_what_the_metric_says_of_the_results_reaches_the_participant(
    platform: FakePlatform, scorer: Runtime
) -> None:
    offer_custom(platform, results=RESULTS.replace(b"a,1", b"a,-1"))
    report = reported(platform, scorer)
    assert report["failure"] == Failure.INVALID_PREDICTIONS
    assert report["participant_detail"] == "y must not be negative"


@pytest.mark.docker
def test_a_metric_that_crashes_is_the_hosts_to_mend(
    platform: FakePlatform, scorer: Runtime
) -> None:
    offer_custom(platform, metric=METRIC.replace('["y"] <', '["z"] <'))
    report = reported(platform, scorer)
    assert report["failure"] == Failure.SCORING_FAILED
    assert "metric.py raised KeyError: 'z'" in report["failure_detail"]
    assert "Traceback" in report["host_log"]
    assert report["participant_detail"] == ""
    assert report["values"] == []


def test_a_worker_without_a_container_engine_is_our_fault(
    platform: FakePlatform, started: Started
) -> None:
    offer_custom(platform)
    report = reported(platform, started(Role.SCORE, sandbox="fallback"))
    assert report["failure"] == Failure.WORKER_FAULT
    assert "no container engine" in report["failure_detail"]


@pytest.mark.parametrize(
    ("results", "says"),
    [(b"id,z\na,1\n", "missing"), (RESULTS.replace(b"y", b"z"), "columns y")],
    ids=["rows", "columns"],
)
def test_a_wrong_file_never_reaches_the_metric(
    platform: FakePlatform, scorer: Runtime, results: bytes, says: str
) -> None:
    offer_custom(platform, results=results, metric="this is not Python")
    report = reported(platform, scorer)
    assert report["failure"] == Failure.INVALID_PREDICTIONS
    assert says in report["participant_detail"]


def test_results_are_scored_by_the_platforms_metrics(
    platform: FakePlatform, started: Started
) -> None:
    runtime = started(Role.SCORE, sandbox="fallback")
    offer_score(
        platform,
        metrics=[{"name": "accuracy"}],
        predictions=platform.blob("predictions.csv", b"id,label\nd,1\nc,1\nb,1\na,0\n"),
    )
    values = reported(platform, runtime)["values"]
    assert [value["value"] for value in values] == [1.0, 0.5]
    offer_score(platform, predictions=platform.blob("predictions.csv", b"id,label\na,7\n"))
    report = reported(platform, runtime)
    assert report["failure"] == Failure.INVALID_PREDICTIONS
    assert report["participant_detail"].startswith("1 of 4 rows are there")
