"""Trying a pack: workers run its baselines, and it serves only if they score as announced.

The runs go through the ordinary queues, and belong to no submission. Until the last one has ended
what served before goes on serving, and so it does where a baseline fails or scores something else.
"""

from collections.abc import Sequence
from dataclasses import asdict
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from evaluator.contract import PREDICTIONS
from minigiants.accounts.models import User
from minigiants.competitions.models import Competition, PackVersion
from minigiants.competitions.pack_folder import SPECIFICATION
from minigiants.competitions.pack_yaml import located
from minigiants.competitions.policies import HostAction
from minigiants.competitions.problems import PackFault, PackRefused
from minigiants.competitions.services import require_host, version_serve
from minigiants.core.audit import audit_write
from minigiants.core.outbox import outbox_write
from minigiants.core.problems import NotFound, Problem
from minigiants.submissions.baseline_faults import (
    failure_told,
    has_failed,
    off_the_mark,
    public_score,
)
from minigiants.submissions.baseline_inspection import AcceptedBaseline
from minigiants.submissions.baselines import kept_baselines_hand_in
from minigiants.submissions.lifecycle import ACTIVE, FINAL, Status
from minigiants.submissions.models import Evaluation, Trial, TrialRun
from minigiants.submissions.problems import TrialEnded
from minigiants.submissions.retries import OURS
from minigiants.submissions.services import evaluation_cancel
from minigiants.submissions.workers import capacity_of

TRIAL_ENDED_EVENT = "competition.trial_ended"
CONCLUDE_TASK = "submissions.trial_conclude"
TOO_SMALL_MEND = (
    "Lower runtime.limits.memory_bytes in competition.yaml, or ask the operators for a larger "
    "worker."
)


@transaction.atomic
def trial_start(
    *,
    version: PackVersion,
    accepted: Sequence[AcceptedBaseline],
    changed: Sequence[int],
    actor: User,
) -> Trial:
    """Run the baselines of `version` at the positions `changed`; `accepted` tells of them all.

    A trial of the same version that is under way goes on; one of another version is given up.
    Raises WorkersTooSmall.
    """
    # The row is the lock: of two who start at once, the second one meets the trial of the first.
    competition = Competition.objects.select_for_update(of=("self",)).get(pk=version.competition_id)
    running = competition.trials.filter(state=Trial.State.RUNNING).first()
    if running is not None:
        if running.version_id == version.pk:
            return running
        _end(running, Trial.State.CANCELLED, detail=f"Version {version.number} came after it.")
    trial = Trial.objects.create(
        competition=competition,
        version=version,
        replaces_id=competition.current_version_id,
        started_by=actor,
    )
    runtime = version.spec.runtime
    profile = runtime.profile
    capacity = capacity_of(profile=profile)
    if any(accepted[position].format != PREDICTIONS for position in changed):
        capacity.require_memory(runtime.limits, mend=TOO_SMALL_MEND)
    runs = [
        TrialRun(
            trial=trial,
            position=position,
            format=each.format,
            division=each.division,
            passed_over=(
                TrialRun.PassedOver.UNCHANGED
                if position not in changed
                else TrialRun.PassedOver.NO_WORKER
                if capacity.lacks(each.format)
                else TrialRun.PassedOver.NO
            ),
        )
        for position, each in enumerate(accepted)
    ]
    TrialRun.objects.bulk_create(runs)
    Evaluation.objects.bulk_create(
        Evaluation(trial_run=run, pack_version=version, profile=profile)
        for run in runs
        if run.passed_over == TrialRun.PassedOver.NO
    )
    audit_write(
        actor=actor,
        action="pack.try",
        target=competition,
        version=version.number,
        trial=str(trial.pk),
    )
    return trial


@transaction.atomic
def trial_cancel(*, competition: Competition, trial_id: UUID, actor: User) -> Trial:
    """Give a running trial up; what serves goes on. Raises NotPermitted, NotFound, TrialEnded."""
    require_host(actor=actor, slug=competition.slug, action=HostAction.RUN)
    trial = _locked(trial_id)
    if trial is None or trial.competition_id != competition.pk:
        raise NotFound("There is no such trial.")
    if trial.state != Trial.State.RUNNING:
        raise TrialEnded(f"It is {trial.get_state_display().lower()}.")
    _end(trial, Trial.State.CANCELLED, detail=f"Given up by {actor.username}.")
    audit_write(
        actor=actor,
        action="pack.give_up",
        target=competition,
        version=trial.version.number,
        trial=str(trial.pk),
    )
    return trial


def trials_complete() -> list[UUID]:
    """The running trials of which nothing runs any more."""
    running = Trial.objects.filter(state=Trial.State.RUNNING)
    under_way = Evaluation.objects.filter(status__in=ACTIVE, trial_run__isnull=False)
    return list(
        running.exclude(pk__in=under_way.values("trial_run__trial")).values_list("pk", flat=True)
    )


@transaction.atomic
def trial_conclude(*, trial_id: UUID) -> bool:
    """Let the version of a trial serve, or refuse it, once nothing of it runs any more.

    Whoever calls this twice, or from two processes, changes nothing twice. Returns whether it
    ended now.
    """
    trial = _locked(trial_id)
    if trial is None or trial.state != Trial.State.RUNNING:
        return False
    runs = list(trial.runs.filter(evaluation__isnull=False).select_related("evaluation"))
    if any(run.evaluation.status not in FINAL for run in runs):
        return False
    ours = [run for run in runs if run.evaluation.failure in OURS]
    faults = [fault for run in runs for fault in _faults(trial.version, run)]
    # The row is the lock of all that publishes: it serves what it does until the end of this.
    competition = Competition.objects.select_for_update(of=("self",)).get(pk=trial.competition_id)
    if competition.current_version_id != trial.replaces_id:
        detail = "What serves was changed meanwhile: publish it again, on top of that."
        _end(trial, Trial.State.OVERTAKEN, detail=detail)
    elif ours:
        detail = f"{failure_told(ours[0].evaluation)}. Publish the pack again."
        _end(trial, Trial.State.FAILED, detail=detail)
    elif faults:
        _refuse(trial, faults)
    else:
        _serve(trial)
    return True


def _locked(trial_id: UUID) -> Trial | None:
    return (
        Trial.objects.select_for_update(of=("self",))
        .select_related("competition", "version__competition", "started_by")
        .filter(pk=trial_id)
        .first()
    )


def _faults(version: PackVersion, run: TrialRun) -> list[PackFault]:
    baseline = version.spec.baselines[run.position]
    evaluation = run.evaluation
    if evaluation.status == Status.SCORED:
        score = public_score(evaluation, version.spec.ranking_metric.name)
        assert score is not None  # noqa: S101  (a report without it is refused)
        message = off_the_mark(baseline, score)
    else:
        message = f"{has_failed(baseline)}. {failure_told(evaluation)}"
    field = f"baselines[{run.position}]"
    return [PackFault(SPECIFICATION, None, field, message)] if message else []


def _serve(trial: Trial) -> None:
    try:
        with transaction.atomic():
            version_serve(version=trial.version, actor=trial.started_by)
            kept_baselines_hand_in(version=trial.version)
    except PackRefused as refused:
        _refuse(trial, refused.faults)
    except Problem as problem:
        _refuse(trial, [PackFault(SPECIFICATION, None, "", f"{problem.title}. {problem.detail}")])
    else:
        _end(trial, Trial.State.SERVED)


def _refuse(trial: Trial, faults: Sequence[PackFault]) -> None:
    placed = located(faults, trial.version.specification_text, SPECIFICATION)
    trial.faults = [asdict(fault) for fault in placed]
    _end(trial, Trial.State.REFUSED)
    audit_write(
        actor=None,
        action="pack.refuse",
        target=trial.competition,
        version=trial.version.number,
        trial=str(trial.pk),
        faults=[str(fault) for fault in placed],
    )


def _end(trial: Trial, state: Trial.State, *, detail: str = "") -> None:
    for evaluation in Evaluation.objects.filter(trial_run__trial=trial, status__in=ACTIVE):
        # A report that comes at this moment wins, and counts for nothing either.
        evaluation_cancel(evaluation)
    trial.state, trial.detail, trial.ended_at = state, detail, timezone.now()
    trial.save(update_fields=["state", "detail", "faults", "ended_at"])
    if state != Trial.State.CANCELLED:
        outbox_write(kind=TRIAL_ENDED_EVENT, payload={"trial": str(trial.pk)})
