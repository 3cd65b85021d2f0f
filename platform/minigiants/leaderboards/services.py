"""Keeping entries, and the standings that follow from them.

Everything here runs in the caller's transaction and takes the locks of the boards first, in the
order of their ids: changes to a board come one by one, and no two of them wait for each other.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone

from minigiants.competitions.models import Division, Phase
from minigiants.competitions.pack import PackSpec
from minigiants.leaderboards.models import Board, EarlierRank, Entry, Ranked, Standing
from minigiants.leaderboards.places import place_of, ranking_key
from minigiants.teams.models import Team

CLOCK_SLACK: Final = timedelta(hours=1)
"""How far the clocks of two web servers may be apart at most."""


@dataclass(frozen=True)
class Measured:
    """What the platform measured of a model."""

    format: str
    parameters: int
    tensor_bits: int
    artifact_bytes: int
    latency_seconds: float | None = None
    peak_memory_bytes: int | None = None


@dataclass(frozen=True)
class ScoredSubmission:
    """A submission with its scores of the metric that ranks; `public` is the released one."""

    submission_id: UUID
    team: Team
    phase: Phase
    division: Division
    public: float
    private: float
    achieved_at: datetime
    measured: Measured
    is_late: bool = False


@dataclass(frozen=True)
class BoardRules:
    """What a pack says of its boards."""

    higher_is_better: bool
    final_selections: int
    wider_divisions: bool

    @classmethod
    def of(cls, spec: PackSpec) -> Self:
        """The rules of a pack."""
        return cls(
            higher_is_better=spec.ranking_metric.higher_is_better,
            final_selections=spec.final_selections,
            wider_divisions=spec.wider_divisions,
        )


_RANKED = tuple(field for field in Ranked._meta.concrete_fields if field.name != "id")  # noqa: SLF001
_COPIED = tuple(field.name for field in _RANKED)


def boards_make(*, phase: Phase, divisions: Iterable[Division]) -> None:
    """Make the boards of a phase that are not there yet."""
    Board.objects.bulk_create(
        [
            Board(competition_id=phase.competition_id, phase=phase, division=division, split=split)
            for division in divisions
            for split in Board.Split.values
        ],
        ignore_conflicts=True,
    )


def _locked(boards: QuerySet[Board]) -> list[Board]:
    return list(boards.select_for_update(no_key=True, of=("self",)).order_by("pk"))


@transaction.atomic
def entry_record(*, scored: ScoredSubmission, rules: BoardRules) -> None:
    """Enter a scored submission on its boards, or its new scores, and let the standings follow.

    It stands on the boards of its own division, and where the rules say so on those of each wider
    one.
    """
    divisions = [scored.division]
    if rules.wider_divisions:
        divisions += Division.objects.filter(
            competition_id=scored.phase.competition_id, position__gt=scored.division.position
        )
    wanted = Board.objects.filter(phase=scored.phase, division__in=divisions)
    boards = _locked(wanted)
    if len(boards) < len(divisions) * len(Board.Split):
        boards_make(phase=scored.phase, divisions=divisions)
        boards = _locked(wanted)
    entries = [_entry(board, scored, rules) for board in boards]
    Entry.objects.bulk_create(
        entries,
        update_conflicts=True,
        unique_fields=["submission_id", "board"],
        update_fields=[*_COPIED, "public_place", "is_late", "changed_at"],
    )
    for board in boards:
        standing = standing_refresh(board=board, team_id=scored.team.pk, rules=rules)
        if standing is not None and standing.submission_id == scored.submission_id:
            _note_lead(board, standing)


def _entry(board: Board, scored: ScoredSubmission, rules: BoardRules) -> Entry:
    score = scored.public if board.split == Board.Split.PUBLIC else scored.private
    place, key = _placed(scored, score, rules)
    return Entry(
        board=board,
        submission_id=scored.submission_id,
        team=scored.team,
        division=scored.division,
        score=score,
        ranking_key=key,
        place=place,
        public_place=_placed(scored, scored.public, rules)[0],
        achieved_at=scored.achieved_at,
        is_late=scored.is_late,
        **asdict(scored.measured),
    )


def _placed(scored: ScoredSubmission, score: float, rules: BoardRules) -> tuple[bytes, float]:
    key = ranking_key(score, higher_is_better=rules.higher_is_better)
    place = place_of(
        ranking_key=key, achieved_at=scored.achieved_at, submission_id=scored.submission_id
    )
    return place, key


def _note_lead(board: Board, standing: Standing) -> None:
    if not Standing.objects.filter(board=board, place__lt=standing.place).exists():
        Entry.objects.filter(board=board, submission_id=standing.submission_id).update(led=True)


def entries_select(*, submission_id: UUID, is_selected: bool, rules: BoardRules) -> None:
    """Count a submission among the team's final selections, or no longer."""
    _entries_change(submission_id, rules, is_selected=is_selected)


def entries_disqualify(*, submission_id: UUID, is_disqualified: bool, rules: BoardRules) -> None:
    """Take a submission off its boards, or back: the team's next best counts."""
    _entries_change(submission_id, rules, is_disqualified=is_disqualified)


@transaction.atomic
def _entries_change(submission_id: UUID, rules: BoardRules, **changes: bool) -> None:
    entries = Entry.objects.filter(submission_id=submission_id)
    for board in _locked(Board.objects.filter(pk__in=entries.values("board"))):
        entry = entries.get(board=board)
        for name, value in changes.items():
            setattr(entry, name, value)
        entry.save(update_fields=[*changes, "changed_at"])
        standing_refresh(board=board, team_id=entry.team_id, rules=rules)
        if "is_disqualified" in changes:
            leads_recount(board)


@transaction.atomic
def entries_withdraw(*, submission_id: UUID, rules: BoardRules) -> None:
    """Take a submission off its boards for good: it has no score any more."""
    entries = Entry.objects.filter(submission_id=submission_id)
    for board in _locked(Board.objects.filter(pk__in=entries.values("board"))):
        entry = entries.get(board=board)
        entry.delete()
        standing_refresh(board=board, team_id=entry.team_id, rules=rules)


@transaction.atomic
def team_refresh(*, team: Team, rules: BoardRules) -> None:
    """Bring a team's standings up to date, after it was disqualified or reinstated."""
    boards = Board.objects.filter(pk__in=Entry.objects.filter(team=team).values("board"))
    for board in _locked(boards):
        standing_refresh(board=board, team_id=team.pk, rules=rules)
        leads_recount(board)


@transaction.atomic
def boards_freeze(*, boards: QuerySet[Board], at: datetime) -> None:
    """From now on scores no longer move the standings of these boards."""
    for board in _locked(boards.filter(frozen_at__isnull=True)):
        Board.objects.filter(pk=board.pk).update(frozen_at=at)


@transaction.atomic
def boards_thaw(*, boards: QuerySet[Board], rules: BoardRules) -> None:
    """Let scores move the standings again, and take in what came meanwhile."""
    for board in _locked(boards.filter(frozen_at__isnull=False)):
        if board.frozen_at is None:
            continue
        since = board.frozen_at - CLOCK_SLACK
        missed = Q(changed_at__gte=since) | Q(team__ruled_at__gte=since)
        teams = set(board.entries.filter(missed).values_list("team_id", flat=True))
        Board.objects.filter(pk=board.pk).update(frozen_at=None)
        board.frozen_at = None
        for team_id in sorted(teams):
            standing_refresh(board=board, team_id=team_id, rules=rules)
        leads_recount(board)


def standing_refresh(*, board: Board, team_id: UUID, rules: BoardRules) -> Standing | None:
    """Derive a team's standing on a locked board from its entries. Returns it, if it has one.

    On a frozen board nothing changes.
    """
    if board.frozen_at is not None:
        return None
    ranking = Entry.objects.filter(
        board=board,
        team_id=team_id,
        team__disqualified_at__isnull=True,
        is_late=False,
        is_disqualified=False,
    )
    _mark_improvements(board, team_id)
    counted = ranking.aggregate(entries=Count("pk"), last_at=Max("achieved_at"))
    best = _counting(board, ranking, rules).order_by("place").first()
    if best is None:
        Standing.objects.filter(board=board, team_id=team_id).delete()
        return None
    copied: dict[str, Any] = {field.attname: getattr(best, field.attname) for field in _RANKED}
    standing = Standing(board=board, team_id=team_id, **copied, **counted)
    Standing.objects.bulk_create(
        [standing],
        update_conflicts=True,
        unique_fields=["board", "team"],
        update_fields=[*_COPIED, *counted, "updated_at"],
    )
    return standing


def _counting(board: Board, ranking: QuerySet[Entry], rules: BoardRules) -> QuerySet[Entry]:
    """Those of a team's entries of which the best is its standing.

    Publicly all. Privately what it has selected, or, where it has selected nothing, those that
    are best on the public board.
    """
    if board.split == Board.Split.PUBLIC:
        return ranking
    selected = ranking.filter(is_selected=True)
    if selected.exists():
        return selected
    best_publicly = ranking.order_by("public_place").values("pk")[: rules.final_selections]
    return ranking.filter(pk__in=best_publicly)


def _mark_improvements(board: Board, team_id: UUID) -> None:
    """Mark the entries of a team that were better than all that it had handed in before."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE leaderboards_entry entry SET improved = marked.improved
            FROM (
                SELECT entry.id, entry.is_late IS FALSE AND entry.is_disqualified IS FALSE
                    AND entry.ranking_key < coalesce(
                        min(entry.ranking_key)
                            FILTER (WHERE NOT entry.is_late AND NOT entry.is_disqualified)
                            OVER (
                                ORDER BY entry.achieved_at, entry.submission_id
                                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                            ),
                        'infinity') AS improved
                FROM leaderboards_entry entry
                WHERE entry.board_id = %s AND entry.team_id = %s
            ) marked
            WHERE entry.id = marked.id AND entry.improved <> marked.improved
            """,
            [board.pk, team_id],
        )


def leads_recount(board: Board) -> None:
    """Find out anew which entries led a board: of those that improved, each better than all before.

    One pass over the board's improvements: for rulings, which are rare, not for scores. On a
    frozen board nothing changes.
    """
    if board.frozen_at is not None:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE leaderboards_entry entry SET led = marked.led
            FROM (
                SELECT entry.id, ranks AND entry.ranking_key < coalesce(
                    min(entry.ranking_key) FILTER (WHERE ranks) OVER (
                        ORDER BY entry.achieved_at, entry.submission_id
                        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                    ),
                    'infinity') AS led
                FROM (
                    SELECT e.id, e.ranking_key, e.achieved_at, e.submission_id,
                        e.improved AND team.disqualified_at IS NULL AS ranks
                    FROM leaderboards_entry e JOIN teams_team team ON team.id = e.team_id
                    WHERE e.board_id = %s AND (e.improved OR e.led)
                ) entry
            ) marked
            WHERE entry.id = marked.id AND entry.led <> marked.led
            """,
            [board.pk],
        )


@transaction.atomic
def teams_join(*, team: Team, other: Team, rules: BoardRules) -> None:
    """Give `team` all that `other` has on boards: of all their entries the best is its standing.

    On a frozen board the better of the two standings stays, since no score moves.
    """
    entries = Entry.objects.filter(team__in=[team, other])
    boards = _locked(Board.objects.filter(pk__in=entries.values("board")))
    # Of two teams' final selections there could be too many: those of `team` stay.
    Entry.objects.filter(team=other).update(team=team, is_selected=False, changed_at=timezone.now())
    EarlierRank.objects.filter(team=other).delete()
    for board in boards:
        if board.frozen_at is not None:
            _keep_better(board, team, other)
            continue
        Standing.objects.filter(board=board, team=other).delete()
        standing_refresh(board=board, team_id=team.pk, rules=rules)
        leads_recount(board)


def _keep_better(board: Board, team: Team, other: Team) -> None:
    found = list(Standing.objects.filter(board=board, team__in=[team, other]).order_by("place"))
    if not found:
        return
    better, *worse = found
    counted = better.entries + sum(standing.entries for standing in worse)
    last_at = max(standing.last_at for standing in (better, *worse))
    for standing in worse:
        standing.delete()
    Standing.objects.filter(pk=better.pk).update(team=team, entries=counted, last_at=last_at)
