"""Which scores are released: each, or those that climb a rung of the Ladder."""

import math
from dataclasses import dataclass
from uuid import UUID

from evaluator.contract import Split
from minigiants.competitions.models import Division, Phase
from minigiants.competitions.pack_boards import Release
from minigiants.core.problems import InvalidInput
from minigiants.leaderboards.statistics_models import Evidence
from minigiants.teams.models import Team


@dataclass(frozen=True)
class Scored:
    """A submission's score on the public split, and what it left to be compared by."""

    submission_id: UUID
    team: Team
    phase: Phase
    division: Division
    score: float
    test_set: str
    losses_digest: str


@dataclass(frozen=True)
class Released:
    """What is shown of a score: itself, or the team's best that was released before."""

    score: float
    is_released: bool


def score_release(scored: Scored, *, release: Release, higher_is_better: bool) -> Released:
    """What is shown of a score under a pack's rule of release. Runs in the caller's transaction.

    Under the Ladder the team is locked: of two scores that come at once the second meets the first.
    """
    if not release.is_ladder:
        return Released(scored.score, is_released=True)
    Team.objects.select_for_update(no_key=True).get(pk=scored.team.pk)
    rung = (
        Evidence.objects.filter(
            team=scored.team,
            phase=scored.phase,
            division=scored.division,
            test_set=scored.test_set,
            is_released=True,
        )
        .exclude(submission_id=scored.submission_id)
        .order_by("-score" if higher_is_better else "score", "id")
        .first()
    )
    if release.step is not None:
        return _by_step(scored.score, rung, release.step, higher_is_better=higher_is_better)
    return _by_losses(scored, rung, higher_is_better=higher_is_better)


def _by_step(
    score: float, rung: Evidence | None, step: float, *, higher_is_better: bool
) -> Released:
    sign = -1 if higher_is_better else 1
    if rung is None or sign * score < sign * rung.score - step:
        return Released(round(score / step) * step, is_released=True)
    return Released(rung.score, is_released=False)


def _by_losses(scored: Scored, rung: Evidence | None, *, higher_is_better: bool) -> Released:
    # NumPy is loaded where the Ladder is asked for, not when a web process starts.
    from minigiants.leaderboards.losses import compared
    from minigiants.leaderboards.statistics.figures import Sample
    from minigiants.leaderboards.statistics.ladder import climbs

    new = Evidence(submission_id=scored.submission_id, losses_digest=scored.losses_digest)
    with compared([new] if rung is None else [rung, new], Split.PUBLIC, {}) as comparable:
        if comparable is None or not isinstance(comparable.found, Sample):
            raise InvalidInput("The Ladder needs the losses, and the report has none.")
        found = comparable.found
        grain = 1 / found.examples
        if rung is not None and (
            len(comparable.evidence) < 2 or not climbs(found, higher_is_better=higher_is_better)
        ):
            return Released(rung.score, is_released=False)
    return Released(round(scored.score / grain) * grain, is_released=True)


def resolution_of(release: Release, *, examples: int) -> float | None:
    """How finely public figures are told: under the Ladder as finely as its scores, else None."""
    if not release.is_ladder:
        return None
    return release.step if release.step is not None else 1 / examples


def outwards(value: float, grain: float, *, up: bool) -> float:
    """A bound moved outwards to a multiple of `grain`."""
    steps = value / grain
    return (math.ceil(steps - 1e-9) if up else math.floor(steps + 1e-9)) * grain
