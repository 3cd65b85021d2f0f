"""Every metric by its name: what is known of it without computing it.

The web application, the workers and the command line read this table, so it imports nothing heavy.
`evaluator.scoring` implements exactly these.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

CUSTOM_METRIC: Final = "custom"
"""The metric of the task `custom`: an organizer's metric.py. Its direction stands in its pack."""


class Aggregate(StrEnum):
    """How the losses of the examples make up the value of a metric that decomposes."""

    MEAN = "mean"
    """The weighted mean of the losses where lower is better, 1 - that mean where higher is."""
    ROOT_MEAN = "root_mean"
    """The square root of the weighted mean of the losses."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A whole number that a metric may be given."""

    default: int
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class MetricInfo:
    """What is known of a metric without computing it.

    A metric that decomposes has a loss an example (0 is perfect, more is worse) and a weight, so
    that two models can be compared in pairs. Over any set of examples the mean of the losses is
    the sum of losses times weights divided by the sum of the weights; `aggregate` says how the
    metric's value follows from it. `needs_probabilities` says that each row of the predictions
    must be a probability distribution over the classes.
    """

    name: str
    title: str
    higher_is_better: bool
    tasks: frozenset[str]
    decomposes: bool
    aggregate: Aggregate = Aggregate.MEAN
    needs_probabilities: bool = False
    parameters: Mapping[str, Parameter] = field(default_factory=dict)

    def complete(self, params: Mapping[str, Any]) -> dict[str, int]:
        """All parameters: those given, and the defaults of the others.

        Raises ValueError for a parameter that there is not, or a value out of its bounds.
        """
        for name in params.keys() - self.parameters.keys():
            raise ValueError(f"the metric {self.name!r} takes no parameter {name!r}")
        return {
            name: _checked(name, params.get(name, parameter.default), parameter)
            for name, parameter in self.parameters.items()
        }


def _checked(name: str, value: object, parameter: Parameter) -> int:
    # A bool is an int to Python, not to a person.
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{name} has to be a whole number")
    if not parameter.least <= value <= parameter.most:
        raise ValueError(f"{name} has to lie in {parameter.least} … {parameter.most}")
    return value


_CLASSIFICATION: Final = frozenset({"classification"})
_REGRESSION: Final = frozenset({"regression"})
_GENERATION: Final = frozenset({"generation"})
_EMBEDDING: Final = frozenset({"embedding"})
_LANGUAGE_MODELLING: Final = frozenset({"language-modelling"})
_CUT_OFF: Final = {"k": Parameter(default=10, least=1, most=1000)}


def _by_name(infos: Iterable[MetricInfo]) -> Mapping[str, MetricInfo]:
    return MappingProxyType({info.name: info for info in infos})


METRICS: Final = _by_name(
    (
        MetricInfo(
            name="accuracy",
            title="Accuracy",
            higher_is_better=True,
            tasks=_CLASSIFICATION,
            decomposes=True,
        ),
        MetricInfo(
            name="balanced_accuracy",
            title="Balanced accuracy",
            higher_is_better=True,
            tasks=_CLASSIFICATION,
            decomposes=False,
        ),
        MetricInfo(
            name="top_k_accuracy",
            title="Top-k accuracy",
            higher_is_better=True,
            tasks=_CLASSIFICATION,
            decomposes=True,
            parameters={"k": Parameter(default=5, least=1, most=1000)},
        ),
        MetricInfo(
            name="f1_macro",
            title="Macro F1",
            higher_is_better=True,
            tasks=_CLASSIFICATION,
            decomposes=False,
        ),
        MetricInfo(
            name="matthews",
            title="Matthews correlation",
            higher_is_better=True,
            tasks=_CLASSIFICATION,
            decomposes=False,
        ),
        MetricInfo(
            name="log_loss",
            title="Log loss",
            higher_is_better=False,
            tasks=_CLASSIFICATION,
            decomposes=True,
            needs_probabilities=True,
        ),
        MetricInfo(
            name="brier",
            title="Brier score",
            higher_is_better=False,
            tasks=_CLASSIFICATION,
            decomposes=True,
            needs_probabilities=True,
        ),
        MetricInfo(
            name="roc_auc_ovr",
            title="ROC AUC, one against the rest",
            higher_is_better=True,
            tasks=_CLASSIFICATION,
            decomposes=False,
            needs_probabilities=True,
        ),
        MetricInfo(
            name="rmse",
            title="Root mean squared error",
            higher_is_better=False,
            tasks=_REGRESSION,
            decomposes=True,
            aggregate=Aggregate.ROOT_MEAN,
        ),
        MetricInfo(
            name="mae",
            title="Mean absolute error",
            higher_is_better=False,
            tasks=_REGRESSION,
            decomposes=True,
        ),
        MetricInfo(
            name="r2", title="R²", higher_is_better=True, tasks=_REGRESSION, decomposes=False
        ),
        MetricInfo(
            name="pearson",
            title="Pearson correlation",
            higher_is_better=True,
            tasks=_REGRESSION,
            decomposes=False,
        ),
        MetricInfo(
            name="spearman",
            title="Spearman rank correlation",
            higher_is_better=True,
            tasks=_REGRESSION,
            decomposes=False,
        ),
        MetricInfo(
            name="exact_match",
            title="Exact match",
            higher_is_better=True,
            tasks=_GENERATION,
            decomposes=True,
        ),
        MetricInfo(
            name="rouge_1",
            title="ROUGE-1",
            higher_is_better=True,
            tasks=_GENERATION,
            decomposes=True,
        ),
        MetricInfo(
            name="rouge_2",
            title="ROUGE-2",
            higher_is_better=True,
            tasks=_GENERATION,
            decomposes=True,
        ),
        MetricInfo(
            name="rouge_l",
            title="ROUGE-L",
            higher_is_better=True,
            tasks=_GENERATION,
            decomposes=True,
        ),
        MetricInfo(
            name="chrf", title="chrF", higher_is_better=True, tasks=_GENERATION, decomposes=True
        ),
        MetricInfo(
            name="mrr",
            title="Mean reciprocal rank",
            higher_is_better=True,
            tasks=_EMBEDDING,
            decomposes=True,
            parameters=_CUT_OFF,
        ),
        MetricInfo(
            name="ndcg",
            title="nDCG",
            higher_is_better=True,
            tasks=_EMBEDDING,
            decomposes=True,
            parameters=_CUT_OFF,
        ),
        MetricInfo(
            name="recall",
            title="Recall",
            higher_is_better=True,
            tasks=_EMBEDDING,
            decomposes=True,
            parameters=_CUT_OFF,
        ),
        MetricInfo(
            name="bits_per_byte",
            title="Bits per byte",
            higher_is_better=False,
            tasks=_LANGUAGE_MODELLING,
            decomposes=True,
        ),
    )
)
"""Every metric by its name."""
