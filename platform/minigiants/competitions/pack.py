"""The schema of `competition.yaml`."""

from collections.abc import Iterable
from datetime import datetime
from itertools import combinations, pairwise
from typing import Annotated, Any, Final, Self

from pydantic import (
    AfterValidator,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from evaluator.contract import PREDICTIONS, Limits, Name, TaskSpec
from evaluator.inspection import FORMATS, Budget
from evaluator.inspection.budgets import QUANTITIES
from evaluator.metrics import METRICS
from evaluator.task_settings import RESULTS_AS_FILE, TASK_SETTINGS
from minigiants.competitions.pack_access import TeamRules, Visibility
from minigiants.competitions.pack_boards import Records, Release
from minigiants.competitions.pack_fields import (
    WEB_ADDRESS,
    RelativePath,
    Section,
    Slug,
    Title,
)
from minigiants.competitions.pack_metrics import MetricFile, ShownMetric
from minigiants.competitions.pack_split import ColumnSplit, FileSplit, SplitSpec
from minigiants.competitions.pack_timeline import PhaseSpec, TimeZone, with_zone

CUSTOM_TASK: Final = "custom"


def _is_task(task: TaskSpec) -> TaskSpec:
    if task.type not in TASK_SETTINGS:
        raise ValueError(f"there is no task {task.type!r}; known: {', '.join(TASK_SETTINGS)}")
    return task


def _is_format(name: str) -> str:
    if name not in FORMATS:
        raise ValueError(f"there is no format {name!r}; known: {', '.join(FORMATS)}")
    return name


def _differ(names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{name!r} stands here twice")
        seen.add(name)


def _allows_more(budget: Budget, other: Budget) -> bool:
    """Whether some quantity may be greater under `budget` than under `other`."""
    caps = ((getattr(budget, name), getattr(other, name)) for name in QUANTITIES)
    return any(theirs is not None and (ours is None or ours > theirs) for ours, theirs in caps)


def _within(field: str, value: object, message: str) -> ValidationError:
    """A fault of one field of a section, that only shows beside other sections."""
    fault = PydanticCustomError("value_error", "{error}", {"error": message})
    return ValidationError.from_exception_data(
        "section", [InitErrorDetails(type=fault, loc=(field,), input=value)]
    )


class Licence(Section):
    """Under what terms the data may be used, and whom to cite."""

    name: Title
    url: Annotated[str, Field(pattern=WEB_ADDRESS, max_length=500)]
    citation: Annotated[str, Field(max_length=1000)] = ""


class DivisionSpec(Section):
    """A weight class. Divisions are listed from the tightest to the widest."""

    slug: Slug
    title: Title
    budget: Budget


class UploadLimits(Section):
    """What an artifact may be before it is even inspected."""

    max_bytes: int = Field(default=64 * 1024**2, ge=1, le=64 * 1024**3)
    max_files: int = Field(default=64, ge=1, le=10_000)


class Runtime(Section):
    """Which kind of worker runs the models, and what it allows them."""

    profile: Name = "cpu"
    limits: Limits = Limits()
    seed: int = 0


class DataFiles(Section):
    """Where the builder leaves the data, relative to the folder it builds into.

    The inputs that models run on are left out where no model runs.
    """

    public: tuple[RelativePath, ...] = Field(min_length=1)
    smoke_inputs: RelativePath | None = None
    hidden_inputs: RelativePath | None = None
    labels: RelativePath

    @model_validator(mode="after")
    def _hidden_stays_hidden(self) -> Self:
        if len(set(self.public)) != len(self.public):
            raise ValueError("public names one file twice")
        for hidden in (self.hidden_inputs, self.labels):
            if hidden is not None and hidden in {*self.public, self.smoke_inputs}:
                raise ValueError(f"{hidden} is both hidden and public")
        if self.hidden_inputs == self.labels:
            raise ValueError("hidden_inputs and labels are one file; workers must see them apart")
        return self


class BaselineSpec(Section):
    """A model that the pack ships in `<folder>/artifact`, and what it scores on the public split.

    `score` is of the metric that ranks; a score within `tolerance` of it counts as the same.
    """

    folder: RelativePath
    title: Title
    score: Annotated[float, Field(allow_inf_nan=False)]
    tolerance: float = Field(default=1e-9, ge=0, allow_inf_nan=False)

    @property
    def artifact(self) -> str:
        """The subfolder that is handed in; what made it lies beside it."""
        return f"{self.folder}/artifact"


class PackSpec(Section):
    """A competition as a file."""

    schema_version: int = Field(default=1, ge=1, le=1)
    title: Annotated[str, Field(min_length=1, max_length=120)]
    tagline: Annotated[str, Field(max_length=240)] = ""
    demonstration: bool = False
    visibility: Visibility = Visibility()
    licence: Licence
    prizes: Annotated[str, Field(max_length=2000)] = ""
    task: Annotated[TaskSpec, AfterValidator(_is_task)]
    metric: MetricFile | None = Field(default=None, validate_default=True)
    metrics: tuple[ShownMetric, ...] = Field(min_length=1)
    formats: tuple[Annotated[Name, AfterValidator(_is_format)], ...] = Field(min_length=1)
    divisions: tuple[DivisionSpec, ...] = Field(min_length=1)
    timezone: TimeZone = "UTC"
    phases: tuple[PhaseSpec, ...] = Field(min_length=1)
    late_submissions: bool = False
    final_selections: int = Field(default=2, ge=1, le=20)
    wider_divisions: bool = False
    teams: TeamRules = TeamRules()
    records: Records = Records()
    release: Release = Field(default=Release(), validate_default=True)
    upload: UploadLimits = UploadLimits()
    runtime: Runtime = Runtime()
    split: SplitSpec = ColumnSplit()
    data: DataFiles
    baselines: tuple[BaselineSpec, ...] = Field(min_length=1)

    @field_validator("metric")
    @classmethod
    def _metric_is_called(
        cls, metric: MetricFile | None, info: ValidationInfo
    ) -> MetricFile | None:
        task = info.data.get("task")
        if task is not None and (task.type == CUSTOM_TASK) != (metric is not None):
            raise ValueError(
                f"the task {CUSTOM_TASK!r}, and no other, names the file of its metric"
            )
        return metric

    @field_validator("metrics")
    @classmethod
    def _metrics_suit(
        cls, metrics: tuple[ShownMetric, ...], info: ValidationInfo
    ) -> tuple[ShownMetric, ...]:
        _differ(metric.name for metric in metrics)
        task = info.data.get("task")
        for metric in metrics:
            known = METRICS.get(metric.name)
            tasks = {CUSTOM_TASK} if known is None else known.tasks
            if task is not None and task.type not in tasks:
                raise ValueError(f"{metric.name!r} does not suit the task {task.type!r}")
            if known is not None:
                known.complete(metric.params)
        return metrics

    @field_validator("formats")
    @classmethod
    def _formats_suit(cls, formats: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        _differ(formats)
        task = info.data.get("task")
        if PREDICTIONS in formats and len(formats) > 1:
            raise ValueError(
                f"{PREDICTIONS!r} stands alone: whoever hands in results knows the inputs, and "
                "whoever hands in a model must not"
            )
        if task is None:
            return formats
        if PREDICTIONS in formats and task.type not in RESULTS_AS_FILE:
            raise ValueError(f"results of the task {task.type!r} can't be handed in as a file")
        if PREDICTIONS not in formats and task.type == CUSTOM_TASK:
            raise ValueError(f"the task {CUSTOM_TASK!r} takes the format {PREDICTIONS!r} alone")
        return formats

    @field_validator("divisions")
    @classmethod
    def _divisions_widen(cls, divisions: tuple[DivisionSpec, ...]) -> tuple[DivisionSpec, ...]:
        _differ(division.slug for division in divisions)
        for tighter, wider in combinations(divisions, 2):
            if not _allows_more(wider.budget, tighter.budget):
                raise ValueError(
                    f"nothing can enter {wider.slug!r}: it allows no more than {tighter.slug!r}, "
                    "which comes first"
                )
        return divisions

    @field_validator("divisions")
    @classmethod
    def _something_can_enter(
        cls, divisions: tuple[DivisionSpec, ...], info: ValidationInfo
    ) -> tuple[DivisionSpec, ...]:
        models = PREDICTIONS not in info.data.get("formats", ())
        for division in divisions:
            if models and division.budget.side_bytes == 0:
                raise ValueError(
                    f"nothing can enter {division.slug!r}: every format has headers, which are "
                    "side_bytes, and it allows none"
                )
        return divisions

    @field_validator("phases", mode="before")
    @classmethod
    def _times_have_a_zone(cls, phases: Any, info: ValidationInfo) -> Any:
        return with_zone(phases, info.data.get("timezone", "UTC"))

    @field_validator("phases")
    @classmethod
    def _phases_follow(cls, phases: tuple[PhaseSpec, ...]) -> tuple[PhaseSpec, ...]:
        _differ(phase.slug for phase in phases)
        for earlier, later in pairwise(phases):
            if later.opens < earlier.closes:
                raise ValueError(f"{later.slug!r} opens before {earlier.slug!r} has closed")
        return phases

    @field_validator("teams", mode="before")
    @classmethod
    def _deadline_has_a_zone(cls, teams: Any, info: ValidationInfo) -> Any:
        return with_zone(teams, info.data.get("timezone", "UTC"))

    @field_validator("teams")
    @classmethod
    def _deadline_is_in_time(cls, teams: TeamRules, info: ValidationInfo) -> TeamRules:
        deadline, phases = teams.merge_deadline, info.data.get("phases")
        if deadline is None or not phases:
            return teams
        if deadline < phases[0].opens:
            raise _within("merge_deadline", deadline, "is before the first phase opens")
        if deadline > phases[-1].closes:
            raise _within("merge_deadline", deadline, "is after the last phase has closed")
        return teams

    @field_validator("release")
    @classmethod
    def _step_is_known(cls, release: Release, info: ValidationInfo) -> Release:
        metrics = info.data.get("metrics")
        if metrics and release.is_ladder and release.step is None:
            known = METRICS.get(metrics[0].name)
            if known is None or not known.decomposes:
                raise ValueError(f"{metrics[0].name!r} has no loss an example: name a step")
        return release

    @field_validator("data")
    @classmethod
    def _inputs_are_there(cls, data: DataFiles, info: ValidationInfo) -> DataFiles:
        formats = info.data.get("formats")
        inputs = [data.smoke_inputs, data.hidden_inputs]
        if formats is None:
            return data
        if PREDICTIONS in formats and any(inputs):
            raise ValueError("no model runs here: smoke_inputs and hidden_inputs are left out")
        if PREDICTIONS not in formats and not all(inputs):
            raise ValueError("models need both smoke_inputs and hidden_inputs")
        split = info.data.get("split")
        if isinstance(split, FileSplit) and split.file in {*data.public, *inputs, data.labels}:
            raise ValueError(f"{split.file} tells the split; it must be a file of its own")
        return data

    @field_validator("baselines")
    @classmethod
    def _baselines_differ(cls, baselines: tuple[BaselineSpec, ...]) -> tuple[BaselineSpec, ...]:
        _differ(baseline.folder for baseline in baselines)
        return baselines

    @property
    def ranking_metric(self) -> ShownMetric:
        """The metric that ranks."""
        return self.metrics[0]

    def phase_at(self, moment: datetime) -> PhaseSpec | None:
        """The phase that takes submissions at `moment`, if any does."""
        return next((phase for phase in self.phases if phase.is_open(moment)), None)

    def late_phase_at(self, moment: datetime) -> PhaseSpec | None:
        """The phase that takes late submissions at `moment`: the last one, after its end, if any.

        They are scored and shown, and stand on no board.
        """
        last = self.phases[-1]
        return last if self.late_submissions and moment >= last.closes else None
