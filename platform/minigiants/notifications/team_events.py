"""Events about teams: notices to their people, mails to those invited by address."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.conf import settings
from django.core.mail import send_mail
from django.db.models import QuerySet

from minigiants.accounts.models import User
from minigiants.accounts.preferences import MailKind
from minigiants.notifications.models import Webhook
from minigiants.notifications.notices import notices_send
from minigiants.submissions.joining import JOINED_EVENT
from minigiants.submissions.merging import MERGED_EVENT, PROPOSED_EVENT
from minigiants.teams.invitations import INVITED_EVENT, invitation_token
from minigiants.teams.models import Answer, Invitation, MergeProposal, Team


def _invited(payload: Mapping[str, Any]) -> None:
    invitation = Invitation.objects.select_related("team__competition", "invited_by", "user").get(
        pk=payload["invitation"]
    )
    if not invitation.is_open:
        return
    team, inviter = invitation.team, invitation.invited_by.username
    title = f"{inviter} invites you into {team.name}"
    text = (
        f"{inviter} offers you a place in the team {team.name}, which competes in "
        f"{team.competition.title}. The invitation is open until "
        f"{invitation.expires_at:%-d %b %Y}."
    )
    if invitation.user is not None:
        notices_send(
            users=[invitation.user],
            kind=MailKind.TEAM,
            competition=team.competition,
            title=title,
            text=text,
            path=f"/invitations/{invitation.pk}/",
        )
        return
    # Whoever reads the address's mail may accept: the link proves it.
    send_mail(
        f"Minigiants: {title}",
        f"{text}\n\nLook at it and accept or decline: "
        f"{settings.BASE_URL}/invitations/{invitation_token(invitation)}/\n\n"
        "If you don't know what this is about, do nothing.\n",
        settings.DEFAULT_FROM_EMAIL,
        [invitation.email],
    )


def _proposed(payload: Mapping[str, Any]) -> None:
    proposal = MergeProposal.objects.select_related(
        "team__competition", "other", "proposed_by"
    ).get(pk=payload["proposal"])
    if proposal.state != Answer.OPEN:
        return
    leader = User.objects.filter(memberships__team=proposal.other, memberships__is_leader=True)
    _tell(
        proposal.team,
        leader,
        f"{proposal.team.name} proposes to merge",
        f"{proposal.proposed_by.username} proposes that your team {proposal.other.name} becomes "
        f"part of {proposal.team.name} in {proposal.team.competition.title}.",
    )


def _merged(payload: Mapping[str, Any]) -> None:
    proposal = MergeProposal.objects.select_related("team__competition", "other").get(
        pk=payload["proposal"]
    )
    # The webhooks of the team that went hear of what it became.
    Webhook.objects.filter(team=proposal.other).update(team=proposal.team)
    _tell(
        proposal.team,
        _members(proposal.team).exclude(pk__in=[proposal.answered_by_id]),
        f"{proposal.other.name} is part of {proposal.team.name} now",
        "All submissions of both teams count for the merged one.",
    )


def _joined(payload: Mapping[str, Any]) -> None:
    team = Team.objects.select_related("competition").get(pk=payload["team"])
    person = User.objects.get(pk=payload["user"])
    _tell(
        team,
        _members(team).exclude(pk=person.pk),
        f"{person.username} has joined {team.name}",
        f"You compete together in {team.competition.title}.",
    )


def _members(team: Team) -> QuerySet[User]:
    return User.objects.filter(memberships__team=team, is_active=True)


def _tell(team: Team, users: QuerySet[User], title: str, text: str) -> None:
    notices_send(
        users=users.filter(is_active=True),
        kind=MailKind.TEAM,
        competition=team.competition,
        title=title,
        text=text,
        path=f"/competitions/{team.competition.slug}/team/",
    )


TEAM_EVENTS: Final[Mapping[str, Callable[[Mapping[str, Any]], None]]] = {
    INVITED_EVENT: _invited,
    PROPOSED_EVENT: _proposed,
    MERGED_EVENT: _merged,
    JOINED_EVENT: _joined,
}
"""Who handles what, by the kind of event."""
