"""Reading submissions."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import Count, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from minigiants.accounts.models import User
from minigiants.artifacts.models import Artifact
from minigiants.artifacts.selectors import artifact_list
from minigiants.competitions.models import Competition
from minigiants.competitions.policies import may_see
from minigiants.competitions.selectors import spec_of
from minigiants.core.problems import NotFound
from minigiants.core.queries import one_or_none
from minigiants.submissions.lifecycle import FINAL, Status
from minigiants.submissions.models import Evaluation, Rescore, StateChange, Submission
from minigiants.submissions.problems import PhaseClosed
from minigiants.submissions.quota import QuotaState, quota_state
from minigiants.teams.selectors import team_find


def evaluations_that_count() -> QuerySet[Evaluation]:
    """All but those of a rescore that has not been applied, newest first."""
    return Evaluation.objects.select_related("pack_version").filter(
        Q(rescore__isnull=True) | Q(rescore__state=Rescore.State.APPLIED)
    )


def submissions_with_runs(runs: QuerySet[Evaluation]) -> QuerySet[Submission]:
    """Submissions with all that they refer to, their steps, and their evaluations out of `runs`."""
    return Submission.objects.select_related(
        "competition",
        "pack_version",
        "phase",
        "division",
        "team",
        "artifact",
        "inspection",
        "submitted_by",
    ).prefetch_related(
        Prefetch("evaluations", queryset=runs.prefetch_related("scores")),
        Prefetch("changes", queryset=StateChange.objects.order_by("id")),
    )


def _whole() -> QuerySet[Submission]:
    return submissions_with_runs(evaluations_that_count())


def submission_get(*, user: User, submission_id: UUID) -> Submission:
    """A submission of a team that `user` is in, to a competition that they may see.

    Raises NotFound.
    """
    submission = one_or_none(_whole().filter(pk=submission_id, team__memberships__user=user))
    if submission is None or not may_see(user=user, competition=submission.competition):
        raise NotFound("There is no such submission of yours.")
    return submission


def submission_list(
    *,
    user: User,
    competition: Competition,
    statuses: Collection[str] = (),
    phase: str | None = None,
    division: str | None = None,
) -> QuerySet[Submission]:
    """The submissions of `user`'s team in a competition, newest first.

    `statuses` (none: any), and the slugs of a phase and a division, narrow them down.
    """
    rows = _whole().filter(competition=competition, team__memberships__user=user)
    if statuses:
        rows = rows.filter(status__in=statuses)
    if phase is not None:
        rows = rows.filter(phase__slug=phase)
    if division is not None:
        rows = rows.filter(division__slug=division)
    return rows.order_by("-id")


def artifacts_uploaded(*, user: User, competition: Competition) -> QuerySet[Artifact]:
    """The models that `user`'s team has uploaded, newest first.

    Each with `last_number` and `last_message` of the submission that it was last handed in as.
    """
    last = Submission.objects.filter(artifact=OuterRef("pk")).order_by("-id")
    return artifact_list(user=user, competition=competition).annotate(
        last_number=Subquery(last.values("number")[:1]),
        last_message=Subquery(last.values("message")[:1]),
    )


def scoring_evaluations(*, competition: Competition) -> QuerySet[Any]:
    """The evaluation by which each scored submission has its score, with the version that it
    follows as `follows`.
    """
    scored = evaluations_that_count().filter(
        submission__competition=competition,
        submission__status=Status.SCORED,
        status=Status.SCORED,
    )
    each = scored.order_by("submission_id", "-id").distinct("submission_id")
    return Evaluation.objects.filter(pk__in=each.values("pk")).annotate(
        follows=Coalesce("pack_version_id", "submission__pack_version_id")
    )


def submission_whole(*, submission_id: UUID) -> Submission:
    """A submission whoever asks: for the platform's own work. Raises Submission.DoesNotExist."""
    return _whole().get(pk=submission_id)


def quota_of(*, user: User, competition: Competition) -> QuotaState:
    """The quota of `user`'s team in the phase that takes submissions now. Raises PhaseClosed."""
    now = timezone.now()
    spec = spec_of(competition)
    phase_spec = spec.phase_at(now) or spec.late_phase_at(now)
    if phase_spec is None:
        raise PhaseClosed(f"{competition.title} is between phases or over.")
    return quota_state(
        team=team_find(user=user, competition=competition),
        phase=competition.phases.get(slug=phase_spec.slug),
        phase_spec=phase_spec,
        now=now,
    )


def rescores_applied(*, competition: Competition) -> QuerySet[Rescore]:
    """The rescores of a competition that changed its boards, newest first."""
    return (
        Rescore.objects.filter(competition=competition, state=Rescore.State.APPLIED)
        .select_related("version")
        .order_by("-id")
    )


def rescore_get(*, competition: Competition, rescore_id: UUID) -> Rescore:
    """A rescore of a competition, for its hosts. Raises NotFound."""
    rescore = (
        Rescore.objects.select_related("version")
        .filter(pk=rescore_id, competition=competition)
        .first()
    )
    if rescore is None:
        raise NotFound("There is no such rescore.")
    return rescore


def rescore_progress(rescore: Rescore) -> tuple[int, int]:
    """How many submissions a rescore has, and how many of them have ended."""
    counted = rescore.evaluations.aggregate(
        whole=Count("pk"), done=Count("pk", filter=Q(status__in=FINAL))
    )
    return counted["whole"], counted["done"]
