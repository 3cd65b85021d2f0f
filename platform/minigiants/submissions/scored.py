"""A scored submission as boards take it."""

from collections.abc import Mapping

from evaluator.contract import Split
from minigiants.core.problems import InvalidInput
from minigiants.leaderboards.services import Measured, ScoredSubmission
from minigiants.submissions.models import Evaluation, Submission
from minigiants.submissions.rounding import rounded


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
