"""Standings for boards, as scoring would leave them."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from minigiants.competitions.models import Competition
from minigiants.core.identifiers import uuid7
from minigiants.leaderboards.models import Board, Standing
from minigiants.leaderboards.places import place_of
from minigiants.teams.models import Team


def standing(
    competition: Competition, name: str, score: float, *, division: str = "nano", **changes: Any
) -> Standing:
    """The row of the team called `name`, founded if need be, on a public board."""
    board, _ = Board.objects.get_or_create(
        competition=competition,
        phase=competition.phases.get(slug=changes.pop("phase", "main")),
        division=competition.divisions.get(slug=division),
        split=Board.Split.PUBLIC,
    )
    team, _ = Team.objects.get_or_create(
        competition=competition,
        name=name,
        defaults={"is_baseline": changes.pop("is_baseline", False)},
    )
    submission_id = uuid7()
    achieved_at = changes.get("achieved_at", timezone.now() - timedelta(hours=2))
    given: dict[str, Any] = {
        "submission_id": submission_id,
        "division": board.division,
        "score": score,
        "ranking_key": -score,
        "place": place_of(
            ranking_key=changes.get("ranking_key", -score),
            achieved_at=achieved_at,
            submission_id=submission_id,
        ),
        "achieved_at": achieved_at,
        "last_at": achieved_at,
        "format": "onnx",
        "parameters": 650,
        "tensor_bits": 20_800,
        "artifact_bytes": 3_000,
        "latency_seconds": 0.00123,
        "entries": 3,
    }
    return Standing.objects.create(board=board, team=team, **(given | changes))
