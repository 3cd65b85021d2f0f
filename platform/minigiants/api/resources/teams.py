"""Who competes together. Tokens may look; joining and merging bind a person, and need a session."""

from uuid import UUID

from ninja import Router

from minigiants.accounts.models import Scope
from minigiants.api.authentication import ApiRequest, person_of, required, session_only
from minigiants.api.idempotency import idempotent
from minigiants.api.schemas.teams import (
    AnswerIn,
    InvitationIn,
    InvitationList,
    InvitationOut,
    LeaderIn,
    MemberOut,
    MergeIn,
    MergeOut,
    TeamIn,
    TeamOut,
)
from minigiants.api.token_reach import Reach
from minigiants.competitions.selectors import competition_get
from minigiants.submissions.joining import invitation_accept, team_leave
from minigiants.submissions.merging import merge_accept, merge_decline, merge_propose
from minigiants.teams.invitations import (
    invitation_create,
    invitation_decline,
    invitation_find,
    invitation_withdraw,
)
from minigiants.teams.models import Invitation, MergeProposal, Team
from minigiants.teams.policies import team_rules
from minigiants.teams.selectors import (
    invitations_of,
    invitations_to,
    members,
    proposals_of,
    team_get,
)
from minigiants.teams.services import leader_hand_over, team_create, team_rename

router = Router(tags=["teams"])


def _invitation(invitation: Invitation) -> InvitationOut:
    return InvitationOut(
        id=invitation.pk,
        competition=invitation.team.competition.slug,
        team=invitation.team.name,
        to=invitation.user.username if invitation.user else invitation.email,
        invited_by=invitation.invited_by.username,
        state=invitation.state,
        expires_at=invitation.expires_at,
    )


def _merge(proposal: MergeProposal) -> MergeOut:
    return MergeOut(
        id=proposal.pk,
        team=proposal.team.name,
        other=proposal.other.name,
        proposed_by=proposal.proposed_by.username,
        state=proposal.state,
    )


def _team(team: Team) -> TeamOut:
    rules = team_rules(team.competition)
    return TeamOut(
        id=team.pk,
        name=team.name,
        members=[
            MemberOut(username=row.user.username, is_leader=row.is_leader, joined_at=row.joined_at)
            for row in members(team)
        ],
        max_members=rules.max_members,
        changes_until=rules.deadline,
        merges_until=rules.merge_deadline,
        invitations=[_invitation(row) for row in invitations_of(team)],
        merges=[_merge(row) for row in proposals_of(team)],
    )


@router.get(
    "/competitions/{slug}/team",
    response=TeamOut,
    auth=required(Scope.READ),
    operation_id="team_read",
)
def read(request: ApiRequest, slug: str) -> TeamOut:
    """The team that you compete with."""
    person = person_of(request)
    competition = competition_get(slug=slug, user=person)
    return _team(team_get(user=person, competition=competition))


@router.post(
    "/competitions/{slug}/team",
    response={201: TeamOut},
    auth=session_only(),
    operation_id="team_create",
)
@idempotent(status=201)
def create(request: ApiRequest, slug: str, payload: TeamIn) -> TeamOut:
    """Found a team that you lead. Uploading founds one too, with your user name."""
    person = person_of(request)
    competition = competition_get(slug=slug, user=person)
    return _team(team_create(user=person, competition=competition, name=payload.name))


@router.patch(
    "/competitions/{slug}/team",
    response=TeamOut,
    auth=session_only(),
    operation_id="team_rename",
)
def rename(request: ApiRequest, slug: str, payload: TeamIn) -> TeamOut:
    """Give the team that you lead another name."""
    person = person_of(request)
    competition = competition_get(slug=slug, user=person)
    return _team(team_rename(user=person, competition=competition, name=payload.name))


@router.post(
    "/competitions/{slug}/team/leader",
    response=TeamOut,
    auth=session_only(),
    operation_id="team_hand_over",
)
@idempotent(status=200)
def hand_over(request: ApiRequest, slug: str, payload: LeaderIn) -> TeamOut:
    """Make another member the leader in your place."""
    person = person_of(request)
    competition = competition_get(slug=slug, user=person)
    return _team(leader_hand_over(user=person, competition=competition, to=payload.username))


@router.delete(
    "/competitions/{slug}/team/membership",
    response={204: None},
    auth=session_only(),
    operation_id="team_leave",
)
def leave(request: ApiRequest, slug: str) -> None:
    """Leave your team, as long as it has handed nothing in."""
    person = person_of(request)
    team_leave(user=person, competition=competition_get(slug=slug, user=person))


@router.post(
    "/competitions/{slug}/team/invitations",
    response={201: InvitationOut},
    auth=session_only(),
    operation_id="invitation_create",
)
@idempotent(status=201)
def invite(request: ApiRequest, slug: str, payload: InvitationIn) -> InvitationOut:
    """Offer a place in the team that you lead."""
    person = person_of(request)
    competition = competition_get(slug=slug, user=person)
    return _invitation(invitation_create(user=person, competition=competition, to=payload.to))


@router.get(
    "/invitations",
    response=InvitationList,
    auth=required(Scope.READ, reach=Reach.PERSON),
    operation_id="invitation_list",
)
def invitations(request: ApiRequest) -> InvitationList:
    """The open invitations to you."""
    return InvitationList(items=[_invitation(row) for row in invitations_to(person_of(request))])


@router.delete(
    "/invitations/{invitation_id}",
    response={204: None},
    auth=session_only(),
    operation_id="invitation_withdraw",
)
def withdraw(request: ApiRequest, invitation_id: UUID) -> None:
    """Take back an invitation of the team that you lead."""
    invitation_withdraw(user=person_of(request), invitation_id=invitation_id)


@router.post(
    "/invitations/{invitation_id}/answer",
    response=InvitationOut,
    auth=session_only(),
    operation_id="invitation_answer",
)
@idempotent(status=200)
def answer(request: ApiRequest, invitation_id: UUID, payload: AnswerIn) -> InvitationOut:
    """Accept or decline an invitation to you."""
    person = person_of(request)
    invitation = invitation_find(user=person, key=str(invitation_id))
    if payload.accept:
        invitation_accept(user=person, invitation=invitation)
    else:
        invitation_decline(user=person, invitation=invitation)
    invitation.refresh_from_db(fields=["state"])
    return _invitation(invitation)


@router.post(
    "/competitions/{slug}/team/merges",
    response={201: MergeOut},
    auth=session_only(),
    operation_id="merge_propose",
)
@idempotent(status=201)
def propose(request: ApiRequest, slug: str, payload: MergeIn) -> MergeOut:
    """Ask another team to become part of the one that you lead."""
    person = person_of(request)
    competition = competition_get(slug=slug, user=person)
    return _merge(merge_propose(user=person, competition=competition, other_name=payload.team))


@router.post(
    "/merges/{proposal_id}/answer",
    response=MergeOut,
    auth=session_only(),
    operation_id="merge_answer",
)
@idempotent(status=200)
def merge_answer(request: ApiRequest, proposal_id: UUID, payload: AnswerIn) -> MergeOut:
    """Merge, or decline. Declining what your own team has proposed takes it back."""
    act = merge_accept if payload.accept else merge_decline
    return _merge(act(user=person_of(request), proposal_id=proposal_id))
