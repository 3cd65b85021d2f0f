"""What the tabs of a competition share."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from minigiants.competitions.models import Competition, PackVersion
from minigiants.competitions.pack import PackSpec
from minigiants.competitions.pack_timeline import PhaseSpec
from minigiants.competitions.selectors import competition_get, current_version, optional_pages
from minigiants.web.competition_cards import next_phase


@dataclass(frozen=True)
class CompetitionPage:
    """A competition as one of its tabs shows it."""

    competition: Competition
    version: PackVersion
    spec: PackSpec
    phase: PhaseSpec | None
    late_phase: PhaseSpec | None
    next_phase: PhaseSpec | None

    def context(self, tab: str, **more: Any) -> dict[str, Any]:
        """The template's context for the tab called `tab`."""
        return {
            "section": "competitions",
            "tab": tab,
            "competition": self.competition,
            "version": self.version,
            "spec": self.spec,
            "more_pages": optional_pages(self.version),
            "phase": self.phase,
            "late_phase": self.late_phase,
            "next_phase": self.next_phase,
            **more,
        }


def competition_page(request: HttpRequest, slug: str) -> CompetitionPage:
    """The competition at `slug`. Raises NotFound."""
    competition = competition_get(slug=slug, user=request.user)
    version = current_version(competition)
    spec = version.spec
    now = timezone.now()
    return CompetitionPage(
        competition=competition,
        version=version,
        spec=spec,
        phase=spec.phase_at(now),
        late_phase=spec.late_phase_at(now),
        next_phase=next_phase(spec, now),
    )
