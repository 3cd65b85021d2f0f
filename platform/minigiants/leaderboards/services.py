"""Keeping the stored standings."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from minigiants.competitions.models import Division, Phase
from minigiants.leaderboards.models import Board, Standing
from minigiants.teams.models import Team


def board_of(*, phase: Phase, division: Division, split: str) -> Board:
    """The board of a phase, division and split; made when it is first needed."""
    board, _ = Board.objects.get_or_create(
        phase=phase,
        division=division,
        split=split,
        defaults={"competition_id": phase.competition_id},
    )
    return board


@transaction.atomic
def standing_record(
    *,
    phase: Phase,
    division: Division,
    split: str,
    team: Team,
    submission_id: UUID,
    score: float,
    higher_is_better: bool,
    achieved_at: datetime,
    **measured: Any,
) -> Standing:
    """Take a score into the team's standing on a board: its best counts, of equals the earlier.

    `measured` are the standing's columns on the model's size and speed. One row is locked and at
    most one is written, whatever the size of the board.
    """
    board = board_of(phase=phase, division=division, split=split)
    values = {
        "submission_id": submission_id,
        "score": score,
        "ranking_key": -score if higher_is_better else score,
        "achieved_at": achieved_at,
        **measured,
    }
    standing, created = Standing.objects.select_for_update().get_or_create(
        board=board, team=team, defaults=values
    )
    if created:
        return standing
    standing.entries += 1
    better = (values["ranking_key"], achieved_at) < (standing.ranking_key, standing.achieved_at)
    if better:
        for name, value in values.items():
            setattr(standing, name, value)
    standing.save()
    return standing
