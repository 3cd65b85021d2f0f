"""A scored submission as boards take it."""

from collections.abc import Mapping
from dataclasses import replace

from evaluator.contract import Split
from minigiants.competitions.selectors import test_set_of
from minigiants.core.problems import InvalidInput
from minigiants.leaderboards.evidence import evidence_record
from minigiants.leaderboards.releases import Scored, score_release
from minigiants.leaderboards.services import (
    BoardRules,
    Measured,
    ScoredSubmission,
    entry_record,
)
from minigiants.submissions.models import Evaluation, Submission
from minigiants.submissions.rounding import rounded


def score_enter(
    submission: Submission,
    evaluation: Evaluation,
    ranking: Mapping[Split, float],
    *,
    losses_digest: str,
) -> float:
    """Enter a score of the metric that ranks on the boards, and keep what it was made of.

    Runs in the transaction that records the score, with the submission's row locked. Returns the
    public score that may be shown: under the Ladder that of another submission, it may be. Raises
    InvalidInput.
    """
    version = evaluation.version
    spec = version.spec
    entered = scored_submission(submission, evaluation, ranking)
    scored = Scored(
        submission_id=submission.pk,
        team=entered.team,
        phase=entered.phase,
        division=entered.division,
        score=entered.public,
        test_set=test_set_of(version),
        losses_digest=losses_digest,
    )
    released = score_release(
        scored, release=spec.release, higher_is_better=spec.ranking_metric.higher_is_better
    )
    evidence_record(
        scored=scored,
        released=released,
        achieved_at=entered.achieved_at,
        is_late=entered.is_late,
    )
    entry_record(scored=replace(entered, public=released.score), rules=BoardRules.of(spec))
    return released.score


def scored_submission(
    submission: Submission, evaluation: Evaluation, ranking: Mapping[Split, float]
) -> ScoredSubmission:
    """`submission` with its scores of the metric that ranks, by split. Raises InvalidInput."""
    if submission.division is None:
        raise InvalidInput("A scored submission has a division.")
    inspection = submission.inspection
    latency = evaluation.measurements.get("latency_seconds")
    memory = evaluation.measurements.get("peak_memory_bytes")
    return ScoredSubmission(
        submission_id=submission.pk,
        team=submission.team,
        phase=submission.phase,
        division=submission.division,
        public=ranking[Split.PUBLIC],
        private=ranking[Split.PRIVATE],
        achieved_at=submission.created_at,
        is_late=submission.is_late,
        measured=Measured(
            format=submission.artifact.format,
            parameters=inspection.parameters or 0,
            tensor_bits=inspection.tensor_bits or 0,
            artifact_bytes=inspection.artifact_bytes or 0,
            latency_seconds=None if latency is None else rounded(latency),
            peak_memory_bytes=None if memory is None else round(rounded(memory)),
        ),
    )
