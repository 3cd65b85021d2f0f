"""Reading webhooks, and what they hear of."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet

from minigiants.accounts.models import User
from minigiants.competitions.models import Competition
from minigiants.core.problems import NotFound, NotPermitted
from minigiants.notifications.models import Delivery, Webhook
from minigiants.notifications.policies import MANAGING_ROLES, may_have_host_webhooks
from minigiants.notifications.webhook_events import Audience
from minigiants.teams.models import Team
from minigiants.teams.selectors import team_find


@dataclass(frozen=True, slots=True)
class Subject:
    """What a webhook hears of: a team, or a competition on behalf of its hosts."""

    team: Team | None = None
    competition: Competition | None = None

    @property
    def audience(self) -> Audience:
        """Whose webhooks these are."""
        return Audience.TEAM if self.team is not None else Audience.HOSTS

    @property
    def key(self) -> str:
        """Tells subjects apart, in forms."""
        row = self.team or self.competition
        return f"{self.audience}:{row.pk if row is not None else ''}"

    def __str__(self) -> str:
        if self.team is not None:
            return f"{self.team.name} in {self.team.competition.title}"
        return f"All teams in {self.competition}"

    def webhooks(self) -> QuerySet[Webhook]:
        """All of this subject, the newest first."""
        return Webhook.objects.filter(team=self.team, competition=self.competition)


def team_subject(*, user: User, competition: Competition) -> Subject:
    """The team of `user` in a competition. Raises NotFound where there is none."""
    team = team_find(user=user, competition=competition)
    if team is None:
        raise NotFound(
            "You have no team in this competition yet.", mend="Accept the rules and upload a model."
        )
    return Subject(team=team)


def hosts_subject(*, user: User, competition: Competition) -> Subject:
    """A competition that `user` manages. Raises NotPermitted."""
    if not may_have_host_webhooks(user=user, competition=competition):
        raise NotPermitted(
            f"You do not run {competition.title}.", mend="Ask its owner to make you an organizer."
        )
    return Subject(competition=competition)


def webhooks_of_person(*, user: User) -> QuerySet[Webhook]:
    """The webhooks that `user` may manage: of own teams, and of competitions that they run."""
    hosted = Q(competition__hosts__user=user, competition__hosts__role__in=MANAGING_ROLES)
    return (
        Webhook.objects.filter(Q(team__memberships__user=user) | hosted)
        .select_related("team__competition", "competition", "owner")
        .distinct()
    )


def webhook_get(*, subject: Subject, webhook_id: UUID) -> Webhook:
    """A webhook of `subject`. Raises NotFound."""
    webhook = subject.webhooks().filter(pk=webhook_id).first()
    if webhook is None:
        raise NotFound("There is no such webhook.")
    return webhook


def subject_of(webhook: Webhook) -> Subject:
    """What the webhook hears of."""
    return Subject(team=webhook.team, competition=webhook.competition)


def subjects_of_person(*, user: User) -> list[Subject]:
    """What `user` may have webhooks for: own teams, and competitions that they run."""
    teams = Team.objects.filter(memberships__user=user).select_related("competition")
    hosted = Competition.objects.filter(hosts__user=user, hosts__role__in=MANAGING_ROLES)
    return [
        *(Subject(team=team) for team in teams.order_by("-pk")),
        *(Subject(competition=competition) for competition in hosted),
    ]


def delivery_get(*, webhook: Webhook, delivery_id: UUID) -> Delivery:
    """A delivery to `webhook`. Raises NotFound."""
    delivery = webhook.deliveries.prefetch_related("log").filter(pk=delivery_id).first()
    if delivery is None:
        raise NotFound("There is no such delivery.")
    return delivery
