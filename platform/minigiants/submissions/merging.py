"""Two teams become one, with all that they have handed in."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Count, F, Max, Q
from django.utils import timezone

from minigiants.accounts.models import User
from minigiants.artifacts.models import Artifact
from minigiants.competitions.models import Competition
from minigiants.competitions.selectors import spec_of
from minigiants.core.audit import audit_write
from minigiants.core.clock import day_start
from minigiants.core.outbox import outbox_write
from minigiants.core.problems import InvalidInput, NotFound
from minigiants.leaderboards.evidence import evidence_join
from minigiants.leaderboards.services import BoardRules, teams_join
from minigiants.submissions.models import Submission
from minigiants.teams.invitations import require_place
from minigiants.teams.models import Answer, Invitation, MergeProposal, Team
from minigiants.teams.policies import require_leader, require_merges_open
from minigiants.teams.problems import MergeOverQuota, NotLeader, NotOpen
from minigiants.teams.selectors import proposal_get, team_by_name, team_get

PROPOSED_EVENT: Final = "team.merge_proposed"
MERGED_EVENT: Final = "team.merged"


@transaction.atomic
def merge_propose(*, user: User, competition: Competition, other_name: str) -> MergeProposal:
    """Ask the team called `other_name` to become part of the team of `user`, its leader.

    Proposing twice answers the open proposal; if the other team has proposed the same, that
    one is accepted instead. Raises NotFound, NotLeader, TeamsClosed, MergesClosed,
    TeamTooLarge, MergeOverQuota, InvalidInput.
    """
    team = team_get(user=user, competition=competition)
    other = team_by_name(competition=competition, name=other_name.strip())
    if other.pk == team.pk:
        raise InvalidInput("A team can't merge with itself.", mend="Name the other team.")
    team, other = _both_locked(team, other)
    require_leader(user=user, team=team)
    _require_mergeable(competition, team, other)
    theirs = MergeProposal.objects.filter(team=other, other=team, state=Answer.OPEN).first()
    if theirs is not None:
        return merge_accept(user=user, proposal_id=theirs.pk)
    proposal, is_new = MergeProposal.objects.get_or_create(
        team=team, other=other, state=Answer.OPEN, defaults={"proposed_by": user}
    )
    if is_new:
        audit_write(actor=user, action="team.propose", target=team, other=str(other.pk))
        outbox_write(kind=PROPOSED_EVENT, payload={"proposal": str(proposal.pk)})
    return proposal


@transaction.atomic
def merge_accept(*, user: User, proposal_id: UUID) -> MergeProposal:
    """Merge, as the leader of the team that was asked.

    Raises NotFound, NotLeader, NotOpen, TeamsClosed, MergesClosed, TeamTooLarge,
    MergeOverQuota.
    """
    proposal = proposal_get(user=user, proposal_id=proposal_id)
    competition = proposal.team.competition
    team, other = _both_locked(proposal.team, proposal.other)
    if team.memberships.filter(user=user).exists():
        raise NotLeader(f"It is for the leader of {other.name} to answer.", mend="")
    require_leader(user=user, team=other)
    _close(proposal, Answer.ACCEPTED, by=user)
    _require_mergeable(competition, team, other)
    other.memberships.update(team=team, is_leader=False)
    team_absorb(team=team, other=other)
    audit_write(
        actor=user,
        action="team.merge",
        target=team,
        absorbed=str(other.pk),
        absorbed_name=other.name,
    )
    outbox_write(kind=MERGED_EVENT, payload={"proposal": str(proposal.pk), "team": str(team.pk)})
    proposal.refresh_from_db()
    return proposal


@transaction.atomic
def merge_decline(*, user: User, proposal_id: UUID) -> MergeProposal:
    """Turn a proposal down, or take one's own team's back. Raises NotFound, NotLeader, NotOpen."""
    proposal = proposal_get(user=user, proposal_id=proposal_id)
    own = proposal.team.memberships.filter(user=user).exists()
    require_leader(user=user, team=proposal.team if own else proposal.other)
    _close(proposal, Answer.WITHDRAWN if own else Answer.DECLINED, by=user)
    audit_write(
        actor=user,
        action="team.merge_withdraw" if own else "team.merge_decline",
        target=proposal.team,
        other=str(proposal.other_id),
    )
    proposal.refresh_from_db()
    return proposal


def team_absorb(*, team: Team, other: Team) -> None:
    """Move all that `other` has to `team`. Both are locked; members have moved already.

    Submissions keep their order and are numbered after those of `team`. On each board the best
    of all entries counts.
    """
    # Held until the end, so that no result is recorded for a team that is just going away:
    # recording locks the submission's row before it looks whose it is.
    rows = Submission.objects.filter(team__in=[team, other]).order_by("pk")
    list(rows.select_for_update(no_key=True).values_list("pk"))
    # An upload that is being completed is waited for here, and its artifact moves below.
    other.uploads.update(team=team)
    _move_artifacts(team, other)
    last = team.submissions.aggregate(last=Max("number"))["last"] or 0
    other.submissions.update(team=team, number=F("number") + last, selected_at=None)
    evidence_join(team=team, other=other)
    teams_join(team=team, other=other, rules=BoardRules.of(spec_of(team.competition)))
    now = timezone.now()
    MergeProposal.objects.filter(Q(team=other) | Q(other=other), state=Answer.OPEN).update(
        state=Answer.WITHDRAWN, answered_at=now
    )
    Invitation.objects.filter(team=other, state=Answer.OPEN).update(
        state=Answer.WITHDRAWN, answered_at=now
    )
    other.merged_into = team
    other.save(update_fields=["merged_into"])


def _move_artifacts(team: Team, other: Team) -> None:
    """Artifacts of both teams with the same files become one, that of `team`."""
    own = dict(team.artifacts.values_list("manifest_digest", "pk"))
    twins: Iterable[Artifact] = other.artifacts.filter(manifest_digest__in=own)
    for twin in twins:
        twin.submissions.update(artifact_id=own[twin.manifest_digest])
    other.artifacts.exclude(manifest_digest__in=own).update(team=team)


def _both_locked(team: Team, other: Team) -> tuple[Team, Team]:
    """Both teams, locked in the order of their keys, so that two merges can't wait in a ring.

    Raises NotOpen where one of them has merged meanwhile.
    """
    rows = Team.objects.select_for_update(no_key=True).filter(pk__in=[team.pk, other.pk])
    locked = {row.pk: row for row in rows.order_by("pk")}
    if any(row.merged_into_id is not None for row in locked.values()):
        raise NotOpen("One of the teams has merged with another meanwhile.")
    return locked[team.pk], locked[other.pk]


def _close(proposal: MergeProposal, state: Answer, *, by: User) -> None:
    closed = MergeProposal.objects.filter(pk=proposal.pk, state=Answer.OPEN).update(
        state=state, answered_by=by, answered_at=timezone.now()
    )
    if not closed:
        raise NotOpen("It was answered or withdrawn already.")


def _require_mergeable(competition: Competition, team: Team, other: Team) -> None:
    require_merges_open(competition)
    if team.is_baseline or other.is_baseline:
        raise NotFound("Baselines don't merge.")
    if team.disqualified_at is not None or other.disqualified_at is not None:
        raise NotOpen("One of the teams is disqualified.", mend="Ask a host of the competition.")
    require_place(team, joining=other.memberships.count())
    _require_room(competition, team, other)


def _require_room(competition: Competition, team: Team, other: Team) -> None:
    """Together they may have handed in what one team could have: the day's quota, each day."""
    counted = Submission.objects.filter(team__in=[team, other], quota_charged=True)
    by_phase = dict(
        counted.values_list("phase__slug").annotate(Count("pk")).order_by("phase__slug")
    )
    now = timezone.now()
    for phase in spec_of(competition).phases:
        used = by_phase.get(phase.slug, 0)
        days = (day_start(min(now, phase.closes)) - day_start(phase.opens)).days + 1
        allowed = phase.quota.per_day * max(days, 0)
        if phase.quota.total is not None:
            allowed = min(allowed, phase.quota.total)
        if used > allowed:
            raise MergeOverQuota(
                f"In the phase {phase.title} they have handed in {used} together; one team could "
                f"have handed in {allowed} so far."
            )
