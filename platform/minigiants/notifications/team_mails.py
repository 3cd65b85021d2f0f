"""Mails about teams: an invitation, a proposal to merge."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.conf import settings
from django.core.mail import send_mail

from minigiants.submissions.merging import PROPOSED_EVENT
from minigiants.teams.invitations import INVITED_EVENT, invitation_token
from minigiants.teams.models import Answer, Invitation, Membership, MergeProposal


def _mail_invitation(payload: Mapping[str, Any]) -> None:
    invitation = Invitation.objects.select_related("team__competition", "invited_by", "user").get(
        pk=payload["invitation"]
    )
    if not invitation.is_open:
        return
    team, person = invitation.team, invitation.user
    # A person finds the invitation by its identity; an address proves itself by the token.
    key = str(invitation.pk) if person else invitation_token(invitation)
    send_mail(
        f"Minigiants: {invitation.invited_by.username} invites you into {team.name}",
        f"{invitation.invited_by.username} offers you a place in the team {team.name}, which "
        f"competes in {team.competition.title}.\n\n"
        f"Look at it and accept or decline: {settings.BASE_URL}/invitations/{key}/\n\n"
        f"The invitation is open until {invitation.expires_at:%-d %b %Y}. If you don't know what "
        "this is about, do nothing.\n",
        settings.DEFAULT_FROM_EMAIL,
        [person.email if person else invitation.email],
    )


def _mail_proposal(payload: Mapping[str, Any]) -> None:
    proposal = MergeProposal.objects.select_related(
        "team__competition", "other", "proposed_by"
    ).get(pk=payload["proposal"])
    leader = (
        Membership.objects.select_related("user").filter(team=proposal.other, is_leader=True)
    ).first()
    if proposal.state != Answer.OPEN or leader is None or not leader.user.is_active:
        return
    competition = proposal.team.competition
    send_mail(
        f"Minigiants: {proposal.team.name} proposes to merge",
        f"{proposal.proposed_by.username} proposes that your team {proposal.other.name} becomes "
        f"part of {proposal.team.name} in {competition.title}.\n\n"
        f"Accept or decline: {settings.BASE_URL}/competitions/{competition.slug}/team/\n",
        settings.DEFAULT_FROM_EMAIL,
        [leader.user.email],
    )


TEAM_MAILS: Final[Mapping[str, Callable[[Mapping[str, Any]], None]]] = {
    INVITED_EVENT: _mail_invitation,
    PROPOSED_EVENT: _mail_proposal,
}
"""Who sends what, by the kind of event."""
