"""Resamples of metrics that do not decompose."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from evaluator.contract import Split, TaskSpec
from evaluator.losses_file import SplitResampled
from evaluator.scoring import score
from evaluator.scoring.metric import Joint
from evaluator.scoring.resampling import RESAMPLES, resample, seed_of_labels
from evaluator.scoring.score import IMPLEMENTATIONS
from evaluator.tasks import load_task
from tests.evaluator.scoring.problems import halves, specs
from tests.support.losses import evidence_of


def implemented(name: str) -> Joint:
    """A metric that does not decompose."""
    metric = IMPLEMENTATIONS[name]
    assert isinstance(metric, Joint)
    return metric


AUC = implemented("roc_auc_ovr")


def two(scores: np.ndarray) -> np.ndarray:
    """Answers for two classes, of which the second has these scores."""
    return np.column_stack([-scores, scores])


def no_tick() -> None:
    """Nothing else to do."""


def test_two_models_are_resampled_alike() -> None:
    truth = np.arange(60) % 2
    answers = np.random.default_rng(3).normal(size=60) + truth
    seed = seed_of_labels(truth)
    one = resample(AUC, two(answers), truth, seed=seed, on_tick=no_tick)
    other = resample(AUC, two(answers * 7), truth, seed=seed, on_tick=no_tick)
    assert one is not None
    assert other is not None
    # A monotone change of the answers leaves the area as it is, in each of the same resamples.
    assert one == pytest.approx(other)
    assert len(one) == RESAMPLES
    assert np.mean(one) == pytest.approx(roc_auc_score(truth, answers), abs=0.02)


def test_draws_without_a_class_are_made_again_whatever_the_answers() -> None:
    truth = np.array([1] + [0] * 11)
    seed = seed_of_labels(truth)
    answers = np.linspace(1, 0, 12)
    one = resample(AUC, two(answers), truth, seed=seed, on_tick=no_tick)
    assert one is not None
    assert one == pytest.approx(1.0)


def test_a_metric_that_is_hardly_ever_defined_has_no_resamples() -> None:
    def never(answers: np.ndarray, truth: np.ndarray) -> float:
        raise ValueError("undefined")

    assert resample(Joint(never), np.zeros(4), np.zeros(4), seed=1, on_tick=no_tick) is None
    infinite = Joint(lambda answers, truth: float("inf"))
    assert resample(infinite, np.zeros(4), np.zeros(4), seed=1, on_tick=no_tick) is None


def test_a_lost_lease_ends_it() -> None:
    class Lost(Exception):
        pass

    def tick() -> None:
        raise Lost

    with pytest.raises(Lost):
        resample(AUC, np.zeros((4, 2)), np.array([0, 1, 0, 1]), seed=1, on_tick=tick)


def test_they_are_kept_with_the_score() -> None:
    settings = {"classes": 2, "input": {"shape": [1]}}
    task = load_task(TaskSpec(type="classification", settings=settings))
    truth = np.arange(80) % 2
    answers = np.eye(2)[np.where(np.arange(80) % 5 == 0, 1 - truth, truth)]
    labels = halves(truth)
    losses = score(task, answers, labels, specs("balanced_accuracy")).losses
    assert losses is not None
    found = evidence_of(losses, Split.PRIVATE)
    assert isinstance(found, SplitResampled)
    assert found.resampled.std() > 0
