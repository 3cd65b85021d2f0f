"""Scores for boards, entered as recording a score enters them."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone

from minigiants.competitions.models import Competition
from minigiants.core.identifiers import uuid7
from minigiants.leaderboards.services import (
    BoardRules,
    Measured,
    ScoredSubmission,
    entry_record,
)
from minigiants.teams.models import Team

START = timezone.now()
RULES = BoardRules(higher_is_better=True, final_selections=2, wider_divisions=False)


def new_team(competition: Competition, name: str = "t") -> Team:
    """A team with a name of its own and nobody in it."""
    return Team.objects.create(competition=competition, name=f"{name}-{uuid4()}")


def enter(
    team: Team,
    public: float,
    at: datetime = START,
    *,
    private: float | None = None,
    division: str = "nano",
    rules: BoardRules = RULES,
    is_late: bool = False,
    submission_id: UUID | None = None,
    **measured: Any,
) -> UUID:
    """Enter a score of `team` on the boards of a division; privately the same unless said.

    Returns the submission's id.
    """
    submission_id = submission_id or uuid7()
    given: dict[str, Any] = {
        "format": "onnx",
        "parameters": 650,
        "tensor_bits": 20_800,
        "artifact_bytes": 3000,
    }
    entry_record(
        scored=ScoredSubmission(
            submission_id=submission_id,
            team=team,
            phase=team.competition.phases.order_by("position")[0],
            division=team.competition.divisions.get(slug=division),
            public=public,
            private=public if private is None else private,
            achieved_at=at,
            measured=Measured(**given | measured),
            is_late=is_late,
        ),
        rules=rules,
    )
    return submission_id
