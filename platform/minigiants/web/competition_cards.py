"""What lists of competitions show of each: its phase, its divisions, its teams, its leaders."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count
from django.utils import timezone

from minigiants.competitions.models import Competition
from minigiants.competitions.pack import PackSpec
from minigiants.competitions.pack_timeline import PhaseSpec
from minigiants.competitions.selectors import spec_of
from minigiants.leaderboards.board_pages import BoardPage, BoardQuery, boards_page
from minigiants.teams.selectors import competing_teams

GLIMPSE_ROWS = 3


@dataclass(frozen=True)
class CompetitionCard:
    """A competition in a list. `glimpse` is the head of its tightest division's board."""

    competition: Competition
    spec: PackSpec
    phase: PhaseSpec | None
    next_phase: PhaseSpec | None
    teams: int
    glimpse: BoardPage | None

    @property
    def is_running(self) -> bool:
        """Whether it takes submissions now."""
        return self.phase is not None

    @property
    def closes(self) -> datetime:
        """When its last phase ends."""
        return self.spec.phases[-1].closes


def next_phase(spec: PackSpec, now: datetime) -> PhaseSpec | None:
    """The first phase that is still to open."""
    return next((phase for phase in spec.phases if phase.opens > now), None)


def competition_cards(competitions: Iterable[Competition]) -> list[CompetitionCard]:
    """Cards of `competitions`, those that run first, without glimpses of their boards."""
    found = list(competitions)
    teams: dict[UUID, int] = dict(
        competing_teams()
        .filter(competition__in=found)
        .values_list("competition")
        .annotate(Count("pk"))
        .order_by()
    )
    now = timezone.now()
    cards = []
    for competition in found:
        spec = spec_of(competition)
        cards.append(
            CompetitionCard(
                competition=competition,
                spec=spec,
                phase=spec.phase_at(now),
                next_phase=next_phase(spec, now),
                teams=teams.get(competition.pk, 0),
                glimpse=None,
            )
        )
    return sorted(cards, key=lambda card: not card.is_running)


def with_glimpses(cards: Sequence[CompetitionCard]) -> list[CompetitionCard]:
    """The same cards, each with the head of its tightest division's board."""
    return [_with_glimpse(card) for card in cards]


def _with_glimpse(card: CompetitionCard) -> CompetitionCard:
    _, boards = boards_page(
        competition=card.competition,
        query=BoardQuery(division=card.spec.divisions[0].slug, limit=GLIMPSE_ROWS),
        viewer=None,
    )
    return CompetitionCard(
        competition=card.competition,
        spec=card.spec,
        phase=card.phase,
        next_phase=card.next_phase,
        teams=card.teams,
        glimpse=boards[0],
    )
