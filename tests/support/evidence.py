"""Submissions with losses, entered as recording their scores enters them."""

from datetime import datetime
from uuid import UUID

import numpy as np
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


def losses_blob(public: NDArray[np.floating], private: NDArray[np.floating] | None = None) -> str:
    """A file of losses in the store, of a metric of which more is better. Returns its digest."""
    splits = {
        Split.PUBLIC: SplitLosses(public.astype(np.float32)),
        Split.PRIVATE: SplitLosses((public if private is None else private).astype(np.float32)),
    }
    return stored_blob(write_losses(splits, ValueOf.ONE_MINUS_MEAN)).digest


def enter_losses(
    team: Team,
    public: NDArray[np.floating],
    private: NDArray[np.floating] | None = None,
    *,
    division: str = "nano",
    submission_id: UUID | None = None,
    at: datetime | None = None,
    is_late: bool = False,
) -> tuple[UUID, Released]:
    """Record the score that losses make, as a report of it does."""
    submission_id = submission_id or uuid7()
    competition = team.competition
    version = current_version(competition)
    scored = Scored(
        submission_id=submission_id,
        team=team,
        phase=competition.phases.order_by("position")[0],
        division=competition.divisions.get(slug=division),
        score=1 - float(public.mean()),
        test_set=test_set_of(version),
        losses_digest=losses_blob(public, private),
    )
    at = at or timezone.now()
    released = score_release(scored, release=version.spec.release, higher_is_better=True)
    evidence_record(scored=scored, released=released, achieved_at=at, is_late=is_late)
    entry_record(
        scored=ScoredSubmission(
            submission_id=submission_id,
            team=team,
            phase=scored.phase,
            division=scored.division,
            public=released.score,
            private=1 - float((public if private is None else private).mean()),
            achieved_at=at,
            measured=Measured(
                format="onnx", parameters=650, tensor_bits=20_800, artifact_bytes=3000
            ),
            is_late=is_late,
        ),
        rules=BoardRules.of(version.spec),
    )
    return submission_id, released


def wrong_of(seed: int, rate: float, examples: int = 400) -> NDArray[np.floating]:
    """Right or wrong at random."""
    return (np.random.default_rng(seed).random(examples) < rate).astype(np.float64)
