"""Finding competitions: by words, by state, by task."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.http import QueryDict

from minigiants.web.competition_cards import CompetitionCard

OPEN: Final = "open"
COMING: Final = "coming"
OVER: Final = "over"
STATES: Final = ((OPEN, "Open"), (COMING, "To come"), (OVER, "Over"))


@dataclass(frozen=True)
class CompetitionFilter:
    """What somebody looks for. Empty texts ask for nothing."""

    words: str = ""
    state: str = ""
    task: str = ""

    @classmethod
    def of(cls, query: QueryDict) -> "CompetitionFilter":
        """What the address asks for; what it can't ask for is ignored."""
        state = query.get("state", "")
        return cls(
            words=query.get("q", "").strip()[:100],
            state=state if state in dict(STATES) else "",
            task=query.get("task", "")[:64],
        )

    @property
    def is_empty(self) -> bool:
        """Whether everything is asked for."""
        return not (self.words or self.state or self.task)

    def pick(self, cards: Iterable[CompetitionCard]) -> list[CompetitionCard]:
        """Those of `cards` that suit, in their order."""
        return [card for card in cards if self._suits(card)]

    def _suits(self, card: CompetitionCard) -> bool:
        if self.state and self.state != state_of(card):
            return False
        if self.task and self.task != card.spec.task.type:
            return False
        text = f"{card.spec.title} {card.spec.tagline} {card.competition.slug}".casefold()
        return all(word in text for word in self.words.casefold().split())


def state_of(card: CompetitionCard) -> str:
    """Whether a competition is open, to come, or over."""
    if card.is_running:
        return OPEN
    return COMING if card.next_phase is not None else OVER
