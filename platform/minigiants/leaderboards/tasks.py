"""Celery tasks of the leaderboards."""

from uuid import UUID

from celery import shared_task

from minigiants.leaderboards.board_statistics import COMPUTE_TASK, statistics_compute
from minigiants.leaderboards.evidence import COMPARE_TASK, evidence_compare
from minigiants.leaderboards.ranks import ranks_note


@shared_task(name=COMPUTE_TASK)
def compute_statistics(board: str) -> None:
    """Compute a board's intervals, tie bands and intervals of rank."""
    statistics_compute(board_id=UUID(board))


@shared_task(name=COMPARE_TASK)
def compare_evidence(division: str) -> None:
    """Compare a division's new submissions with their teams' best and with its record."""
    evidence_compare(division_id=UUID(division))


@shared_task(name="leaderboards.ranks_note")
def note_ranks() -> None:
    """Note the ranks with which the day begins, once a day for each board."""
    ranks_note()
