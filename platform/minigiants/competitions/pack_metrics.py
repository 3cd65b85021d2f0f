"""What `competition.yaml` says of metrics: which rank and are shown, and the organizer's own."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from evaluator.contract import MetricLimits, MetricSpec, Name
from evaluator.metrics import CUSTOM_METRIC, METRICS
from minigiants.competitions.pack_fields import RelativePath, Title


def _is_metric(name: str) -> str:
    known = (*METRICS, CUSTOM_METRIC)
    if name not in known:
        raise ValueError(f"there is no metric {name!r}; known: {', '.join(known)}")
    return name


class MetricFile(MetricLimits):
    """The organizer's own metric, a file of the pack, and what one call of it may use."""

    file: RelativePath = "metric.py"

    @property
    def limits(self) -> MetricLimits:
        """What its sandbox allows."""
        return MetricLimits(time_seconds=self.time_seconds, memory_bytes=self.memory_bytes)


class ShownMetric(MetricSpec):
    """A metric of the competition. The first ranks, the others are shown.

    `better` is said of the metric `custom` alone; the direction of the others is known.
    """

    name: Annotated[Name, AfterValidator(_is_metric)]
    title: Title
    decimals: int = Field(default=4, ge=0, le=8)
    better: Literal["higher", "lower"] | None = None

    @model_validator(mode="after")
    def _direction_is_known(self) -> Self:
        if self.name == CUSTOM_METRIC and self.better is None:
            raise ValueError("say which score is better: `better: higher` or `better: lower`")
        if self.name != CUSTOM_METRIC and self.better is not None:
            raise ValueError(f"`better` is known of {self.name!r}; leave it out")
        return self

    @property
    def higher_is_better(self) -> bool:
        """The metric's direction."""
        if self.better is not None:
            return self.better == "higher"
        return METRICS[self.name].higher_is_better

    def as_metric(self) -> MetricSpec:
        """What the score worker needs to know."""
        return MetricSpec(name=self.name, params=self.params)
