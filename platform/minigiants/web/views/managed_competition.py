"""What the pages below Manage share."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from minigiants.accounts.models import User
from minigiants.competitions.models import Competition
from minigiants.competitions.policies import HostAction, may_host
from minigiants.competitions.selectors import hosted_competition_get, latest_version
from minigiants.web.views.people import person_of


@dataclass(frozen=True)
class ManagedCompetition:
    """A competition as one of its hosts sees it."""

    competition: Competition
    person: User

    def may(self, action: HostAction) -> bool:
        """Whether this host's role allows `action`."""
        return may_host(actor=self.person, slug=self.competition.slug, action=action)

    def context(self, tab: str, **more: Any) -> dict[str, Any]:
        """The template's context for the page called `tab`."""
        version = latest_version(self.competition)
        return {
            "section": "manage",
            "manage_tab": tab,
            "competition": self.competition,
            "version": version,
            "spec": version.spec,
            "may_run": self.may(HostAction.RUN),
            "may_judge": self.may(HostAction.JUDGE),
            "may_own": self.may(HostAction.OWN),
            **more,
        }


def managed_competition(request: HttpRequest, slug: str) -> ManagedCompetition:
    """The competition at `slug`, for a host of any role. Raises NotFound and NotPermitted."""
    person = person_of(request)
    competition = hosted_competition_get(slug=slug, user=person, action=HostAction.LOOK)
    return ManagedCompetition(competition, person)
