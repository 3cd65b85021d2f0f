"""Scoring, from a claimed job to its report, against a platform over HTTP."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evaluator.contract import Failure, Role
from evaluator.worker.runtime import Runtime
from tests.evaluator.worker.fake_platform import FakePlatform
from tests.evaluator.worker.jobs import (
    EVALUATION,
    LABELS,
    SCORES,
    npy,
    offer_score,
)
from tests.support.losses import losses_of


def test_a_score_is_computed_and_reported(
    platform: FakePlatform, started: Callable[..., Runtime], tmp_path: Path
) -> None:
    offer_score(platform)
    started(Role.SCORE).evaluate(EVALUATION, 1)
    [report] = platform.reports()
    values = {(value["metric"], value["split"]): value["value"] for value in report["values"]}
    assert values[("accuracy", "public")] == 1.0
    assert values[("accuracy", "private")] == 0.5
    assert values[("log_loss", "private")] == pytest.approx(-np.log([0.4, 0.7]).mean())
    [losses] = platform.uploads.values()
    assert losses_of(losses) == {"public": [0, 0], "private": [1, 0]}
    assert report["losses"]["size"] == len(losses)
    assert list((tmp_path / "scratch" / "jobs").iterdir()) == []


def test_texts_are_scored(platform: FakePlatform, started: Callable[..., Runtime]) -> None:
    offer_score(
        platform,
        task={
            "type": "generation",
            "settings": {"input": {"text": {"max_bytes": 9}}, "max_bytes": 9},
        },
        metrics=[{"name": "exact_match"}],
        labels=platform.blob("texts-labels", b"id,label,usage\na,yes,Public\nb,no,Private\n"),
        predictions=platform.blob("texts", b'{"text": "yes"}\n{"text": "yes"}\n'),
    )
    started(Role.SCORE).evaluate(EVALUATION, 1)
    [report] = platform.reports()
    assert [value["value"] for value in report["values"]] == [1.0, 0.0]


def test_documents_store_no_loss(platform: FakePlatform, started: Callable[..., Runtime]) -> None:
    labels = b"id,label,usage\nd,,Document\np,d,Public\ne,,Document\nq,e,Private\n"
    offer_score(
        platform,
        task={"type": "embedding", "settings": {"input": {"text": {"max_bytes": 9}}}},
        metrics=[{"name": "recall", "params": {"k": 1}}],
        labels=platform.blob("queries", labels),
        predictions=platform.blob("vectors", npy(np.array([[1], [2], [-1], [3]], np.float32))),
    )
    started(Role.SCORE).evaluate(EVALUATION, 1)
    [report] = platform.reports()
    assert [value["value"] for value in report["values"]] == [1.0, 0.0]
    [losses] = platform.uploads.values()
    assert losses_of(losses) == {"public": [0], "private": [1]}


@pytest.mark.parametrize(
    ("changes", "blobs", "failure", "says"),
    [
        ({}, {"predictions": npy(SCORES * 2)}, Failure.INVALID_PREDICTIONS, "unnormalised"),
        ({}, {"predictions": npy(SCORES[:2])}, Failure.INVALID_PREDICTIONS, "wrong_shape"),
        ({}, {"labels": LABELS[:-10]}, Failure.SCORING_FAILED, "malformed_row"),
        ({"metrics": [{"name": "magic"}]}, {}, Failure.SCORING_FAILED, "magic"),
        ({"task": {"type": "divination"}}, {}, Failure.SCORING_FAILED, "unknown_task"),
    ],
)
def test_what_can_not_be_scored_says_whose_fault_it_is(
    platform: FakePlatform,
    started: Callable[..., Runtime],
    changes: dict[str, Any],
    blobs: dict[str, bytes],
    failure: Failure,
    says: str,
) -> None:
    files = {name: platform.blob(f"other-{name}", content) for name, content in blobs.items()}
    offer_score(platform, **changes, **files)
    started(Role.SCORE).evaluate(EVALUATION, 1)
    [report] = platform.reports()
    assert report["failure"] == failure
    assert says in report["failure_detail"]
    assert report["values"] == []
    assert platform.uploads == {}


def test_labels_that_can_not_be_fetched_are_our_fault(
    platform: FakePlatform, started: Callable[..., Runtime]
) -> None:
    offer_score(platform)
    del platform.blobs["/blobs/labels/signed-secret"]
    started(Role.SCORE).evaluate(EVALUATION, 1)
    [report] = platform.reports()
    assert report["failure"] == Failure.WORKER_FAULT
    assert "While fetching" in report["failure_detail"]
