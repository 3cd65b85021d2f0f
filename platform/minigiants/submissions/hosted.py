"""Reading what hosts see of those who compete: all teams, and all that they have handed in."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import (
    Case,
    Count,
    IntegerField,
    OuterRef,
    Prefetch,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from minigiants.accounts.models import User
from minigiants.competitions.models import Competition
from minigiants.competitions.policies import HostAction, may_host
from minigiants.core.problems import NotFound
from minigiants.submissions.lifecycle import Status
from minigiants.submissions.models import Evaluation, Submission
from minigiants.submissions.selectors import submissions_with_runs
from minigiants.teams.models import Membership, Team

BEST_FIRST = (
    Status.SCORED,
    Status.SCORING,
    Status.PREDICTING,
    Status.QUEUED,
    Status.FAILED,
    Status.REJECTED,
    Status.CANCELLED,
)
"""How far a submission has come."""


@dataclass(frozen=True)
class HostedTeam:
    """A team as hosts see it. `members` are user names, the leader's first; times are UTC.

    `best_status` is the furthest state that a submission of it has reached; empty before the first.
    """

    id: UUID
    name: str
    members: tuple[str, ...]
    is_baseline: bool
    founded_at: datetime
    submissions: int
    best_status: str
    last_submitted_at: datetime | None
    disqualified_at: datetime | None
    disqualified_for: str


def teams_hosted(*, competition: Competition, name: str = "") -> QuerySet[Team]:
    """The teams of a competition for its hosts, newest first, those that merged away left out.

    `name` stands somewhere in their names, in whatever case. `hosted_team` reads a row.
    """
    theirs = Submission.objects.filter(team=OuterRef("pk"))
    how_far = Case(
        *(When(status=status, then=Value(place)) for place, status in enumerate(BEST_FIRST)),
        output_field=IntegerField(),
    )
    number = theirs.order_by().values("team").annotate(number=Count("pk")).values("number")
    rows = Team.objects.filter(competition=competition, merged_into__isnull=True)
    if name:
        rows = rows.filter(name__icontains=name)
    people = Membership.objects.select_related("user").order_by("-is_leader", "joined_at", "pk")
    return (
        rows.annotate(
            handed_in=Coalesce(Subquery(number), 0),
            best_status=Coalesce(
                Subquery(theirs.order_by(how_far).values("status")[:1]), Value("")
            ),
            last_at=Subquery(theirs.order_by("-id").values("created_at")[:1]),
        )
        .prefetch_related(Prefetch("memberships", queryset=people, to_attr="people"))
        .order_by("-id")
    )


def hosted_team(row: Team) -> HostedTeam:
    """What a row of `teams_hosted` tells."""
    annotated: Any = row
    return HostedTeam(
        id=row.pk,
        name=row.name,
        members=tuple(member.user.username for member in annotated.people),
        is_baseline=row.is_baseline,
        founded_at=row.created_at,
        submissions=annotated.handed_in,
        best_status=annotated.best_status,
        last_submitted_at=annotated.last_at,
        disqualified_at=row.disqualified_at,
        disqualified_for=row.disqualified_for,
    )


def submissions_hosted(
    *,
    competition: Competition,
    status: str = "",
    team: str = "",
    phase: str = "",
    division: str = "",
    is_ruled_out: bool = False,
) -> QuerySet[Submission]:
    """All submissions of a competition for its hosts, newest first; empty filters leave all in.

    `team` stands somewhere in the team's name, `phase` and `division` are slugs, and
    `is_ruled_out` leaves in what has been disqualified.
    """
    rows = Submission.objects.filter(competition=competition)
    if status:
        rows = rows.filter(status=status)
    if team:
        rows = rows.filter(team__name__icontains=team)
    if phase:
        rows = rows.filter(phase__slug=phase)
    if division:
        rows = rows.filter(division__slug=division)
    if is_ruled_out:
        rows = rows.filter(disqualified_at__isnull=False)
    return rows.select_related(
        "team", "division", "phase", "artifact", "inspection", "pack_version"
    ).order_by("-id")


def hosted_submission_get(*, user: User, submission_id: UUID) -> Submission:
    """A submission to a competition that `user` is a host of, with every run of it.

    Raises NotFound, also for whoever is no host.
    """
    runs = Evaluation.objects.select_related("pack_version", "rescore").order_by("-id")
    submission = (
        submissions_with_runs(runs)
        .select_related("competition__current_version")
        .filter(pk=submission_id)
        .first()
    )
    if submission is None or not may_host(
        actor=user, slug=submission.competition.slug, action=HostAction.LOOK
    ):
        raise NotFound("There is no such submission to a competition that you run.")
    return submission
