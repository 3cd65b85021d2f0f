"""Scoring a whole competition again, under a version of its pack with other labels or metric.

Stored predictions are scored anew; models run again only where what they are asked has changed.
The work goes through the ordinary queues. Until the last evaluation has ended nobody sees
anything of it; then scores and boards change in one transaction. A fault of ours or of the hosts
leaves everything as it was.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from evaluator.contract import PARTICIPANT_FAILURES, Failure, Split
from minigiants.accounts.models import User
from minigiants.competitions.models import Competition, PackVersion
from minigiants.competitions.policies import HostAction
from minigiants.competitions.selectors import current_version
from minigiants.competitions.services import require_host
from minigiants.core.audit import audit_write
from minigiants.core.outbox import outbox_write
from minigiants.core.problems import InvalidInput, NotFound
from minigiants.leaderboards.models import Board
from minigiants.leaderboards.selectors import Ranking, rankings
from minigiants.leaderboards.services import (
    BoardRules,
    entries_withdraw,
    leads_recount,
)
from minigiants.submissions.lifecycle import ACTIVE, FINAL, Status
from minigiants.submissions.models import Evaluation, Rescore, Submission
from minigiants.submissions.problems import NothingToRescore, RescoreEnded, RescoreRunning
from minigiants.submissions.scored import score_enter
from minigiants.submissions.services import change_record, evaluation_cancel
from minigiants.submissions.stale_scores import stale_counts, stale_evaluations

RESCORED_EVENT = "competition.rescored"
RESCORED_CODE = "rescored"
REASON_CHARACTERS = 500


@dataclass(frozen=True)
class Offer:
    """What a rescore under the current version would do, in numbers of submissions."""

    version: int
    rescored: int
    run_again: int

    @property
    def is_due(self) -> bool:
        """Whether any score speaks of other labels or another metric than the current ones."""
        return self.rescored + self.run_again > 0


def rescore_offer(*, competition: Competition) -> Offer:
    """What a rescore would do now. Raises NotFound where nothing is published."""
    version = current_version(competition)
    rescored, run_again = stale_counts(competition=competition, version=version)
    return Offer(version=version.number, rescored=rescored, run_again=run_again)


@transaction.atomic
def rescore_start(*, competition: Competition, actor: User | None, reason: str) -> Rescore:
    """Queue every submission that is scored under other labels or another metric than the current.

    `reason` is what participants are told. Raises NotPermitted, InvalidInput, NothingToRescore,
    RescoreRunning.
    """
    require_host(actor=actor, slug=competition.slug, action=HostAction.RUN)
    if not reason.strip() or len(reason) > REASON_CHARACTERS:
        raise InvalidInput(
            f"The reason has to have 1 to {REASON_CHARACTERS} characters.",
            mend="Say in a sentence or two what was wrong; participants will read it.",
        )
    # The row is the lock: no version is published between reading the current one and the end.
    locked = Competition.objects.select_for_update().get(pk=competition.pk)
    version = current_version(locked)
    due = stale_evaluations(competition=locked, version=version)
    if not due:
        raise NothingToRescore(f"Every score follows version {version.number} already.")
    try:
        with transaction.atomic():
            rescore = Rescore.objects.create(
                competition=locked, version=version, started_by=actor, reason=reason.strip()
            )
    except IntegrityError:
        raise RescoreRunning(f"{locked.title} is being rescored.") from None
    profile = version.spec.runtime.profile
    Evaluation.objects.bulk_create(
        _evaluation_again(earlier, rescore, profile=profile, runs=runs) for earlier, runs in due
    )
    audit_write(
        actor=actor,
        action="rescore.start",
        target=locked,
        rescore=str(rescore.pk),
        version=version.number,
        submissions=len(due),
        reason=rescore.reason,
    )
    return rescore


def _evaluation_again(
    earlier: Evaluation, rescore: Rescore, *, profile: str, runs: bool
) -> Evaluation:
    again = Evaluation(
        submission=earlier.submission,
        rescore=rescore,
        pack_version=rescore.version,
        profile=profile,
    )
    if not runs:
        again.status = Status.SCORING
        again.predictions_digest = earlier.predictions_digest
        again.measurements = earlier.measurements
        again.smoke_log = earlier.smoke_log
    return again


@transaction.atomic
def rescore_cancel(*, competition: Competition, rescore_id: UUID, actor: User | None) -> Rescore:
    """Give a running rescore up; all scores stay as they are.

    Raises NotPermitted, NotFound, RescoreEnded.
    """
    require_host(actor=actor, slug=competition.slug, action=HostAction.RUN)
    rescore = _locked(rescore_id)
    if rescore is None or rescore.competition_id != competition.pk:
        raise NotFound("There is no such rescore.")
    if rescore.state != Rescore.State.RUNNING:
        raise RescoreEnded(f"It is {rescore.get_state_display().lower()}.")
    _end(rescore, Rescore.State.CANCELLED)
    audit_write(actor=actor, action="rescore.cancel", target=competition, rescore=str(rescore.pk))
    return rescore


def rescores_advance() -> int:
    """Apply each running rescore whose evaluations have all ended, or give it up.

    Whoever calls this twice, or from two processes, changes nothing twice. Returns how many ended.
    """
    running = Rescore.objects.filter(state=Rescore.State.RUNNING).values_list("pk", flat=True)
    return sum(_advance(pk) for pk in running)


def _locked(rescore_id: UUID) -> Rescore | None:
    return (
        Rescore.objects.select_for_update(of=("self",))
        .select_related("competition", "version")
        .filter(pk=rescore_id)
        .first()
    )


@transaction.atomic
def _advance(rescore_id: UUID) -> bool:
    rescore = _locked(rescore_id)
    if rescore is None or rescore.state != Rescore.State.RUNNING:
        return False
    fault = (
        rescore.evaluations.filter(status=Status.FAILED)
        .exclude(failure__in=[failure.value for failure in PARTICIPANT_FAILURES])
        .first()
    )
    if fault is not None:
        submission = fault.handed_in
        _end(
            rescore,
            Rescore.State.FAILED,
            detail=f"#{submission.number} of {submission.team}: {fault.failure}. "
            f"{fault.host_detail}"[:400],
        )
        outbox_write(
            kind="competition.rescore_failed",
            payload={"competition": rescore.competition.slug, "rescore": str(rescore.pk)},
        )
        return True
    if rescore.evaluations.exclude(status__in=FINAL).exists():
        return False
    _apply(rescore)
    return True


def _end(rescore: Rescore, state: Rescore.State, *, detail: str = "") -> None:
    """End it without a change to any score; what still runs is not wanted any more."""
    for evaluation in rescore.evaluations.filter(status__in=ACTIVE):
        # A report that comes at this moment wins, and counts for nothing either.
        evaluation_cancel(evaluation)
    rescore.state, rescore.detail, rescore.ended_at = state, detail, timezone.now()
    rescore.save(update_fields=["state", "detail", "ended_at"])


def _apply(rescore: Rescore) -> None:
    competition, version = rescore.competition, rescore.version
    rules = BoardRules.of(version.spec)
    before = rankings(competition=competition)
    evaluations = rescore.evaluations.select_related(
        "submission__phase",
        "submission__division",
        "submission__team",
        "submission__artifact",
        "submission__inspection",
    ).prefetch_related("scores")
    for evaluation in evaluations.order_by("id"):
        if evaluation.status == Status.SCORED:
            _take_scores(evaluation, version)
        elif evaluation.status == Status.FAILED:
            _take_failure(evaluation, version, rules)
    for board in Board.objects.filter(competition=competition).select_for_update().order_by("pk"):
        leads_recount(board)
    rescore.table = _table(before, rankings(competition=competition))
    rescore.state, rescore.ended_at = Rescore.State.APPLIED, timezone.now()
    rescore.save(update_fields=["table", "state", "ended_at"])
    audit_write(actor=None, action="rescore.apply", target=competition, rescore=str(rescore.pk))
    outbox_write(
        kind=RESCORED_EVENT,
        payload={
            "competition": competition.slug,
            "rescore": str(rescore.pk),
            "version": version.number,
            "reason": rescore.reason,
        },
    )


def _take_scores(evaluation: Evaluation, version: PackVersion) -> None:
    metric = version.spec.ranking_metric
    ranking = {
        Split(score.split): score.value
        for score in evaluation.scores.all()
        if score.metric == metric.name
    }
    submission = evaluation.handed_in
    told = _shown(submission.public_score, metric.decimals)
    _follow(submission, public_score=ranking[Split.PUBLIC], status=Status.SCORED)
    # The row is locked now, so this is whose it is: a merge of teams comes before or after.
    submission.refresh_from_db(fields=["team"])
    released = score_enter(submission, evaluation, ranking, losses_digest=evaluation.losses_digest)
    if released != ranking[Split.PUBLIC]:
        _follow(submission, public_score=released)
    shown = _shown(released, metric.decimals)
    change_record(
        submission,
        evaluation,
        Status.SCORED,
        code=RESCORED_CODE,
        reason=f"Rescored under version {version.number} of the competition: {told} → {shown}.",
    )


def _take_failure(evaluation: Evaluation, version: PackVersion, rules: BoardRules) -> None:
    """What the participant's own predictions broke has no score under the new version."""
    submission = evaluation.handed_in
    entries_withdraw(submission_id=submission.pk, rules=rules)
    _follow(submission, public_score=None, status=Status.FAILED)
    change_record(
        submission,
        evaluation,
        Status.FAILED,
        code=Failure(evaluation.failure),
        reason=f"It could not be scored under version {version.number} of the competition.",
    )


def _follow(submission: Submission, **changes: Any) -> None:
    Submission.objects.filter(pk=submission.pk).update(updated_at=timezone.now(), **changes)


def _shown(score: float | None, decimals: int) -> str:
    return "none" if score is None else f"{score:.{decimals}f}"


def _table(before: Sequence[Ranking], after: Sequence[Ranking]) -> list[dict[str, Any]]:
    """Each team's rank and score before and after, on each board, in the order of afterwards.

    Whoever has left a board comes last, with no rank.
    """
    places: Iterable[tuple[str, str, str]] = dict.fromkeys(
        (row.phase, row.division, row.split) for row in [*after, *before]
    )
    rows = []
    for place in places:
        old, new = (
            {row.team: row for row in found if (row.phase, row.division, row.split) == place}
            for found in (before, after)
        )
        for team in dict.fromkeys([*new, *old]):
            was, now = old.get(team), new.get(team)
            rows.append(
                {
                    "phase": place[0],
                    "division": place[1],
                    "split": place[2],
                    "team": team,
                    "rank_before": was.rank if was else None,
                    "rank_after": now.rank if now else None,
                    "score_before": was.score if was else None,
                    "score_after": now.score if now else None,
                }
            )
    return rows
