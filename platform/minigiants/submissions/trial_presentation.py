"""A trial as its competition's hosts see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from minigiants.competitions.models import Competition
from minigiants.core.problems import NotFound
from minigiants.submissions.baseline_faults import failure_told, off_the_mark, public_score
from minigiants.submissions.models import Trial, TrialRun
from minigiants.submissions.workers import capacity_of

WAITS_NOT: Final = {
    TrialRun.PassedOver.UNCHANGED: "Nothing that its score follows from has changed.",
    TrialRun.PassedOver.NO_WORKER: "No worker here runs its format: it is handed in when one does.",
}


@dataclass(frozen=True)
class TrialRunView:
    """A baseline in a trial. `status` is its evaluation's, or `passed_over`; `score` is on the
    public split, and `is_off` where it is not as announced. `log` and `why` are for those who may
    read what is hidden.
    """

    folder: str
    title: str
    format: str
    division: str
    announced: float
    tolerance: float
    status: str
    score: float | None
    is_off: bool
    detail: str
    why: str
    log: str


@dataclass(frozen=True)
class TrialView:
    """A trial, with its baselines in the order of the pack. `faults` are PackFaults as mappings."""

    id: UUID
    competition: str
    version: int
    state: str
    state_title: str
    detail: str
    faults: Sequence[Mapping[str, Any]]
    runs: Sequence[TrialRunView]
    has_workers: bool
    started_by: str
    started_at: datetime
    ended_at: datetime | None
    url: str

    @property
    def is_running(self) -> bool:
        """Whether more will happen."""
        return self.state == Trial.State.RUNNING


def trials_of(*, competition: Competition) -> QuerySet[Trial]:
    """The trials of a competition's packs, newest first."""
    return competition.trials.select_related("version", "started_by")


def trial_get(*, competition: Competition, trial_id: UUID) -> Trial:
    """A trial of a competition, for its hosts. Raises NotFound."""
    trial = trials_of(competition=competition).filter(pk=trial_id).first()
    if trial is None:
        raise NotFound("There is no such trial.")
    return trial


def trial_view(trial: Trial) -> TrialView:
    """All that hosts see of a trial."""
    slug = trial.competition.slug
    runs = trial.runs.select_related("evaluation").prefetch_related("evaluation__scores")
    return TrialView(
        id=trial.pk,
        competition=slug,
        version=trial.version.number,
        state=trial.state,
        state_title=trial.get_state_display(),
        detail=trial.detail,
        faults=trial.faults,
        runs=[_run_view(trial, run) for run in runs],
        has_workers=capacity_of(profile=trial.version.spec.runtime.profile).slots > 0,
        started_by=trial.started_by.username,
        started_at=trial.created_at,
        ended_at=trial.ended_at,
        url=f"{settings.BASE_URL}/competitions/{slug}/manage/trials/{trial.pk}/",
    )


def _run_view(trial: Trial, run: TrialRun) -> TrialRunView:
    spec = trial.version.spec
    baseline = spec.baselines[run.position]
    evaluation = None if run.passed_over else run.evaluation
    score = None if evaluation is None else public_score(evaluation, spec.ranking_metric.name)
    return TrialRunView(
        folder=baseline.folder,
        title=baseline.title,
        format=run.format,
        division=run.division,
        announced=baseline.score,
        tolerance=baseline.tolerance,
        status="passed_over" if evaluation is None else evaluation.status,
        score=score,
        is_off=score is not None and bool(off_the_mark(baseline, score)),
        detail=(
            WAITS_NOT[TrialRun.PassedOver(run.passed_over)]
            if evaluation is None
            else failure_told(evaluation)
        ),
        why="" if evaluation is None else evaluation.host_detail,
        log="" if evaluation is None else evaluation.host_log or evaluation.smoke_log,
    )
