"""Whose turn it is: the order in which queued evaluations are handed out.

Round robin over competitions, within one over teams, within one first come first served; a trial
has its turn as one team more. What pauses before another try has no place until it is due, and then
the one that its coming gives it. The order is computed, not stored, so it is known at any time and
shown to those who wait.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.utils import timezone

# An evaluation's place among its team's, then its team's turn among the competition's, then the
# competition's turn among all. Who was served longest ago (or never) comes first.
_ORDERED = """
    WITH in_team AS (
        SELECT evaluation.id, evaluation.attempt, evaluation.queued_at, evaluation.dispatched_at,
               coalesce(submission.team_id, trial.id) AS team_id,
               coalesce(submission.competition_id, trial.competition_id) AS competition_id,
               row_number() OVER (
                   PARTITION BY coalesce(submission.team_id, trial.id)
                   ORDER BY evaluation.queued_at, evaluation.id
               ) AS team_round
        FROM submissions_evaluation evaluation
        LEFT JOIN submissions_submission submission ON submission.id = evaluation.submission_id
        LEFT JOIN submissions_trialrun run ON run.id = evaluation.trial_run_id
        LEFT JOIN submissions_trial trial ON trial.id = run.trial_id
        WHERE evaluation.status = 'queued' AND evaluation.profile = %(profile)s
          AND (evaluation.retry_at IS NULL OR evaluation.retry_at <= %(now)s)
    ), in_competition AS (
        SELECT in_team.*,
               row_number() OVER (
                   PARTITION BY in_team.competition_id
                   ORDER BY in_team.dispatched_at NULLS LAST, team_round,
                            team_turn.served_at NULLS FIRST, in_team.queued_at, in_team.id
               ) AS competition_round
        FROM in_team
        LEFT JOIN submissions_turn team_turn
               ON team_turn.subject = in_team.team_id AND team_turn.profile = %(profile)s
    ), ordered AS (
        SELECT in_competition.id, attempt, team_id, competition_id,
               in_competition.dispatched_at,
               row_number() OVER (
                   ORDER BY in_competition.dispatched_at NULLS LAST, competition_round,
                            competition_turn.served_at NULLS FIRST, in_competition.queued_at,
                            in_competition.id
               ) AS position
        FROM in_competition
        LEFT JOIN submissions_turn competition_turn
               ON competition_turn.subject = in_competition.competition_id
              AND competition_turn.profile = %(profile)s
    )
"""

_NEXT = (
    _ORDERED  # noqa: S608  (both are constants)
    + """
    SELECT id, attempt, team_id, competition_id, position FROM ordered
    WHERE dispatched_at IS NULL ORDER BY position LIMIT %(limit)s
"""
)

_POSITION = _ORDERED + "SELECT position FROM ordered WHERE id = %(evaluation)s"  # noqa: S608  (constants)

_TYPICAL = """
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) FROM (
        SELECT extract(epoch FROM scored.at - predicting.at) AS seconds
        FROM submissions_statechange predicting
        JOIN submissions_evaluation evaluation ON evaluation.id = predicting.evaluation_id
        JOIN submissions_statechange scored
          ON scored.evaluation_id = predicting.evaluation_id AND scored.status = 'scoring'
        WHERE predicting.status = 'predicting' AND evaluation.profile = %(profile)s
        ORDER BY predicting.id DESC LIMIT 50
    ) recent
"""

ASSUMED_SECONDS = 10.0
"""How long a run is taken to be before any has been measured."""


@dataclass(frozen=True)
class QueueEntry:
    """A queued evaluation and its place, from 1."""

    evaluation_id: UUID
    attempt: int
    team_id: UUID
    competition_id: UUID
    position: int


def next_entries(*, profile: str, limit: int) -> list[QueueEntry]:
    """The next evaluations to hand out that are not on their way yet."""
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, {"profile": profile, "now": timezone.now(), "limit": limit})
        return [QueueEntry(*row) for row in cursor.fetchall()]


def queue_position(*, profile: str, evaluation_id: UUID) -> int | None:
    """The place of a queued evaluation, from 1; None while it pauses or is not queued any more."""
    with connection.cursor() as cursor:
        cursor.execute(
            _POSITION, {"profile": profile, "now": timezone.now(), "evaluation": evaluation_id}
        )
        row = cursor.fetchone()
    return row[0] if row else None


def expected_start(*, profile: str, position: int, slots: int, now: datetime) -> datetime:
    """When the evaluation at `position` is likely to start, given the median of recent runs."""
    with connection.cursor() as cursor:
        cursor.execute(_TYPICAL, {"profile": profile})
        (typical,) = cursor.fetchone()
    rounds = (position - 1) // max(slots, 1)
    seconds = float(typical) if typical is not None else ASSUMED_SECONDS
    return now + timedelta(seconds=rounds * seconds)
