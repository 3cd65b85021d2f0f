"""What `competition.yaml` says of boards: when a record falls, and which scores are released."""

from typing import Literal, Self

from pydantic import Field, model_validator

from minigiants.competitions.pack_fields import Section


class Records(Section):
    """At which level a submission has to beat a division's record to set a new one.

    `alpha` is the probability of any false record in a division, spent over all challengers.
    """

    alpha: float = Field(default=0.01, gt=0, le=0.2, allow_inf_nan=False)


class Release(Section):
    """Which scores on the public split are released.

    `every_score`: each. `ladder`: a score that is better than the team's best released one by more
    than the step (Blum and Hardt 2015); otherwise that best is shown again. `step` is in the
    metric's unit, and scores are rounded to it; without it the step is one standard error of the
    difference, for metrics that decompose.
    """

    rule: Literal["every_score", "ladder"] = "every_score"
    step: float | None = Field(default=None, gt=0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _step_is_of_the_ladder(self) -> Self:
        if self.step is not None and self.rule != "ladder":
            raise ValueError("a step belongs to the rule 'ladder'")
        return self

    @property
    def is_ladder(self) -> bool:
        """Whether scores are held back."""
        return self.rule == "ladder"
