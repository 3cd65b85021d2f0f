"""Submissions with losses, entered as recording their scores enters them."""

from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from django.db import transaction
from django.utils import timezone
from numpy.typing import NDArray

from evaluator.contract import Split
from evaluator.losses_file import SplitLosses, ValueOf, write_losses
from minigiants.competitions.models import Competition, PackFile
from minigiants.competitions.selectors import current_version, test_set_of
from minigiants.core.identifiers import uuid7
from minigiants.leaderboards.evidence import evidence_record
from minigiants.leaderboards.releases import Released, Scored, score_release
from minigiants.leaderboards.services import BoardRules, Measured, ScoredSubmission, entry_record
from minigiants.teams.models import Team
from tests.support.factories import CompetitionFactory, pack_spec, stored_blob


def competition_with_labels(**changes: object) -> Competition:
    """A competition whose current version has labels; `changes` are of its specification."""
    competition: Competition = CompetitionFactory(spec=pack_spec(**changes))
    labels_publish(competition, b"labels")
    return competition


def labels_publish(competition: Competition, content: bytes) -> None:
    """Let the current version have these labels."""
    blob = stored_blob(content)
    PackFile.objects.update_or_create(
        version=competition.current_version,
        role=PackFile.Role.LABELS,
        path="labels.csv",
        defaults={"digest": blob.digest, "size": blob.size},
    )


def losses_file(public: NDArray[np.floating], private: NDArray[np.floating] | None = None) -> bytes:
    """A file of losses, of a metric of which more is better."""
    splits = {
        Split.PUBLIC: SplitLosses(public.astype(np.float32)),
        Split.PRIVATE: SplitLosses((public if private is None else private).astype(np.float32)),
    }
    return write_losses(splits, ValueOf.ONE_MINUS_MEAN)


def losses_blob(public: NDArray[np.floating], private: NDArray[np.floating] | None = None) -> str:
    """The same in the store. Returns its digest."""
    return stored_blob(losses_file(public, private)).digest


def release_losses(
    team: Team,
    public: NDArray[np.floating],
    private: NDArray[np.floating] | None = None,
    *,
    division: str = "nano",
    submission_id: UUID | None = None,
    at: datetime | None = None,
    is_late: bool = False,
) -> tuple[Scored, Released]:
    """Keep what a submission left, and find out what is shown of it."""
    competition = team.competition
    version = current_version(competition)
    scored = Scored(
        submission_id=submission_id or uuid7(),
        team=team,
        phase=competition.phases.order_by("position")[0],
        division=competition.divisions.get(slug=division),
        score=1 - float(public.mean()),
        test_set=test_set_of(version),
        losses_digest=losses_blob(public, private),
    )
    released = score_release(scored, release=version.spec.release, higher_is_better=True)
    at = at or timezone.now()
    evidence_record(scored=scored, released=released, achieved_at=at, is_late=is_late)
    return scored, released


@transaction.atomic
def enter_losses(
    team: Team,
    public: NDArray[np.floating],
    private: NDArray[np.floating] | None = None,
    *,
    is_late: bool = False,
    **given: Any,
) -> tuple[UUID, Released]:
    """Record the score that losses make, as a report of it does. `given` is for `release_losses`.

    Returns the submission's id, and what is shown of its score.
    """
    scored, released = release_losses(team, public, private, is_late=is_late, **given)
    entry_record(
        scored=ScoredSubmission(
            submission_id=scored.submission_id,
            team=team,
            phase=scored.phase,
            division=scored.division,
            public=released.score,
            private=1 - float((public if private is None else private).mean()),
            achieved_at=timezone.now(),
            measured=Measured(
                format="onnx", parameters=650, tensor_bits=20_800, artifact_bytes=3000
            ),
            is_late=is_late,
        ),
        rules=BoardRules.of(current_version(team.competition).spec),
    )
    return scored.submission_id, released


def wrong_of(seed: int, rate: float, examples: int = 400) -> NDArray[np.floating]:
    """Right or wrong at random."""
    return (np.random.default_rng(seed).random(examples) < rate).astype(np.float64)
