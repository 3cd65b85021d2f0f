"""What boards are told by: how fast it is computed, and whether it keeps what it promises.

Simulated test sets are drawn from known worlds, and what `figures_of` says of each sample is held
against the world: how often a 95 % interval covers the true score, how often a board of equals
falls into more than one tie band, how often a record falls to luck.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from evaluator.losses_file import ValueOf
from evaluator.scoring.metric import Answers, Joint, Truth
from evaluator.scoring.resampling import resample
from minigiants.leaderboards.statistics.figures import (
    Resampled,
    Sample,
    comparison_of,
    figures_of,
)
from minigiants.leaderboards.statistics.ranking import LEVEL
from minigiants.leaderboards.statistics.spending import alpha_of_challenger

TEAMS, EXAMPLES, RESAMPLES = 1000, 100_000, 1000
SEED: Final = 20_260_101
Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int, int], Floats]
"""Losses [models, examples] of a world, from a generator."""


def measure(boards: int = 400, intervals: int = 2000) -> dict[str, Any]:
    """All figures. `boards` and `intervals` say how many of each are simulated."""
    return {
        **speed(),
        **{f"coverage, {name}": value for name, value in coverage(intervals).items()},
        **{f"false bands, {name}": value for name, value in false_bands(boards).items()},
        "false ranks, two groups": false_ranks(boards),
        "false records, 50 challengers": false_records(boards),
    }


def speed(
    teams: int = TEAMS, examples: int = EXAMPLES, resamples: int = RESAMPLES
) -> dict[str, float]:
    """Seconds for the intervals, tests, bands and ranks of a large board, by kind of metric."""
    random = np.random.default_rng(SEED)
    table = random.standard_exponential((teams, examples), dtype=np.float32)
    weights = random.integers(50, 4096, examples).astype(np.float32)
    wrong = (table > 2).astype(np.float32)
    samples = {
        "a mean": Sample(table, None, ValueOf.MEAN),
        "a weighted mean": Sample(table, weights, ValueOf.MEAN),
        "accuracy": Sample(wrong, None, ValueOf.ONE_MINUS_MEAN),
    }
    taken = {}
    for name, sample in samples.items():
        started = time.perf_counter()
        figures_of(sample, higher_is_better=False, seed=SEED, resamples=resamples)
        taken[f"seconds, {name}"] = time.perf_counter() - started
    return taken


def _exponential(random: np.random.Generator, models: int, examples: int) -> Floats:
    return random.standard_exponential((models, examples))


def _log_loss(random: np.random.Generator, models: int, examples: int) -> Floats:
    return -np.log(random.beta(4, 1, (models, examples)))


def _reciprocal_ranks(random: np.random.Generator, models: int, examples: int) -> Floats:
    ranks = random.integers(1, 15, (models, examples))
    return 1 - np.where(ranks <= 10, 1 / ranks, 0)


def _squares(random: np.random.Generator, models: int, examples: int) -> Floats:
    return random.standard_normal((models, examples)) ** 2


def _wrong(rate: float) -> Draw:
    def draw(random: np.random.Generator, models: int, examples: int) -> Floats:
        return (random.random((models, examples)) < rate).astype(np.float64)

    return draw


MEANS: Final[Mapping[str, tuple[Draw, float, ValueOf]]] = {
    "accuracy .7": (_wrong(0.3), 0.7, ValueOf.ONE_MINUS_MEAN),
    "accuracy .9": (_wrong(0.1), 0.9, ValueOf.ONE_MINUS_MEAN),
    "accuracy .97": (_wrong(0.03), 0.97, ValueOf.ONE_MINUS_MEAN),
    "log loss": (_log_loss, 0.25, ValueOf.MEAN),
    "exponential losses": (_exponential, 1.0, ValueOf.MEAN),
    "reciprocal ranks": (
        _reciprocal_ranks,
        float(np.sum(1 / np.arange(1, 11)) / 14),
        ValueOf.ONE_MINUS_MEAN,
    ),
    "root mean squares": (_squares, 1.0, ValueOf.ROOT_MEAN),
}
"""Worlds: how to draw losses, the true value, and how it follows from the mean loss."""


def coverage(count: int) -> dict[str, float]:
    """Of `count` intervals each, the share that covers the truth."""
    covered = {}
    for examples in (100, 300, 1000):
        for name, (draw, truth, value_of) in MEANS.items():
            samples = (
                Sample(draw(random, 200, examples).astype(np.float32), None, value_of)
                for random in _generators(count // 200)
            )
            covered[f"{name}, n = {examples}"] = _share_covered(samples, truth)
        documents = (_documents(random, 200, examples) for random in _generators(count // 200))
        covered[f"bits per byte, n = {examples}"] = _share_covered(documents, 2.3)
    for name, (joint, draw_joint, truth) in JOINT.items():
        hits = [
            _covers_joint(joint, draw_joint, truth, random) for random in _generators(count // 5)
        ]
        covered[f"{name}, n = 300"] = float(np.mean(hits))
    return covered


def _generators(count: int) -> Iterator[np.random.Generator]:
    return (np.random.default_rng([SEED, number]) for number in range(count))


def _share_covered(samples: Iterator[Sample], truth: float) -> float:
    hits = []
    for number, sample in enumerate(samples):
        found = figures_of(sample, higher_is_better=False, seed=SEED + number)
        hits.append((found.low <= truth) & (truth <= found.high))
    return float(np.mean(hits))


def _documents(random: np.random.Generator, models: int, examples: int) -> Sample:
    """Documents of many lengths, of which short ones are harder to tell."""
    weights = np.clip(random.lognormal(6.5, 0.8, examples), 50, 4096)
    bits = 2.3 + random.normal(0, 0.4, (models, examples)) * np.sqrt(1 + 500 / weights)
    return Sample(bits.astype(np.float32), weights.astype(np.float32), ValueOf.MEAN)


def _auc(answers: Answers, truth: Truth) -> float:
    positives = truth == 1
    count = int(positives.sum())
    if count in (0, len(truth)):
        raise ValueError("one class alone")
    ranks = rankdata(answers)[positives].sum()
    return float((ranks - count * (count + 1) / 2) / (count * (len(truth) - count)))


def _scores(random: np.random.Generator) -> tuple[Floats, NDArray[np.int64]]:
    truth = (random.random(300) < 0.3).astype(np.int64)
    return random.normal(size=300) + truth, truth


def _correlated(random: np.random.Generator) -> tuple[Floats, Floats]:
    truth = random.normal(size=300)
    return 0.8 * truth + 0.6 * random.normal(size=300), truth


JOINT: Final[Mapping[str, tuple[Joint, Callable[[np.random.Generator], Any], float]]] = {
    "ROC AUC": (Joint(_auc), _scores, 0.7602499389),  # Φ(1 / √2)
    "correlation": (Joint(lambda a, t: float(np.corrcoef(a, t)[0, 1])), _correlated, 0.8),
}


def _covers_joint(
    metric: Joint,
    draw: Callable[[np.random.Generator], Any],
    truth: float,
    random: np.random.Generator,
) -> bool:
    answers, labels = draw(random)
    seed = int(random.integers(2**62))
    values = resample(metric, answers, labels, seed=seed, on_tick=lambda: None)
    if values is None:
        raise ValueError("resamples leave it undefined")
    whole = np.array([metric.value(answers, labels)])
    found = figures_of(
        Resampled(whole, values[None], examples=300, seed=seed), higher_is_better=True, seed=seed
    )
    return bool(found.low[0] <= truth <= found.high[0])


def _equals(kind: str, random: np.random.Generator, teams: int = 10) -> Sample:
    """Teams that are as good as each other, and err on much the same examples."""
    hard = random.gamma(1.0, size=300)
    if kind == "accuracy":
        chance = np.minimum(0.1 * hard, 0.9)
        wrong = random.random((teams, 300)) < chance
        return Sample(wrong.astype(np.float32), None, ValueOf.ONE_MINUS_MEAN)
    if kind == "bits per byte":
        weights = np.clip(random.lognormal(6.5, 0.8, 300), 50, 4096).astype(np.float32)
        bits = 2 + hard + random.normal(0, 0.1, (teams, 300)) * np.sqrt(1 + 500 / weights)
        return Sample(bits.astype(np.float32), weights, ValueOf.MEAN)
    if kind == "reciprocal ranks":
        # Alike on most queries: differences are few and coarse.
        base = 1 - 1 / random.integers(1, 15, 300)
        other = 1 - 1 / random.integers(1, 15, (teams, 300))
        losses = np.where(random.random((teams, 300)) < 0.05, other, base)
        return Sample(losses.astype(np.float32), None, ValueOf.ONE_MINUS_MEAN)
    losses = hard * random.lognormal(0, 0.3, (teams, 300))
    return Sample(losses.astype(np.float32), None, ValueOf.MEAN)


KINDS: Final = ("accuracy", "log loss", "bits per byte", "reciprocal ranks")


def _ordered(sample: Sample) -> Sample:
    """The models in a board's order."""
    means = np.average(sample.losses, axis=1, weights=sample.weights)
    return Sample(sample.losses[np.argsort(means, kind="stable")], sample.weights, sample.value_of)


def false_bands(count: int) -> dict[str, float]:
    """Of `count` boards of ten equals, the share that falls into more than one band."""
    split = {}
    for kind in KINDS:
        bands = [
            figures_of(
                _ordered(_equals(kind, random)), higher_is_better=False, seed=SEED + number
            ).order.bands.max()
            for number, random in enumerate(_generators(count))
        ]
        split[kind] = float(np.mean(np.array(bands) > 1))
    return split


def false_ranks(count: int) -> float:
    """Of boards of five equals and five that are worse, the share with any wrong rank interval.

    Equals share the ranks 1 to 5, and 6 to 10: an interval has to hold all of its team's ranks.
    """
    failures = []
    for number, random in enumerate(_generators(count)):
        sample = _equals("log loss", random)
        losses = sample.losses.copy()
        losses[5:] *= 1.15
        means = losses.mean(axis=1)
        order = np.argsort(means, kind="stable")
        found = figures_of(
            Sample(losses[order], None, ValueOf.MEAN), higher_is_better=False, seed=SEED + number
        )
        is_worse = order >= 5
        first, last = np.where(is_worse, 6, 1), np.where(is_worse, 10, 5)
        wrong = (found.order.lowest > first) | (found.order.highest < last)
        failures.append(bool(wrong.any()))
    return float(np.mean(failures))


def false_records(count: int, challengers: int = 50) -> float:
    """Of `count` divisions of equals, the share in which any challenger sets a record."""
    fell = []
    for random in _generators(count):
        sample = _equals("accuracy", random, teams=challengers + 1)
        found = False
        for number in range(1, challengers + 1):
            pair = Sample(sample.losses[[0, number]], None, sample.value_of)
            difference = comparison_of(pair, higher_is_better=True, seed=SEED).difference
            alpha = alpha_of_challenger(number, LEVEL)
            found = found or (difference.value < 0 and difference.p_value / 2 <= alpha)
        fell.append(found)
    return float(np.mean(fell))
