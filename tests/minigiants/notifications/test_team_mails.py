"""Mails about teams: with links that work, and none where there is nothing to decide any more."""

import re

import pytest
from django.core import mail

from minigiants.notifications.selectors import Subject
from minigiants.notifications.services import outbox_deliver
from minigiants.notifications.webhooks import webhook_create
from minigiants.submissions.merging import merge_accept, merge_decline, merge_propose
from minigiants.teams.invitations import invitation_create, invitation_find, invitation_withdraw
from minigiants.teams.models import Invitation, Team
from tests.support.factories import TeamFactory, UserFactory, member_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def team() -> Team:
    return TeamFactory(name="Giants")


def invite(team: Team, to: str) -> Invitation:
    return invitation_create(user=member_of(team), competition=team.competition, to=to)


def deliver() -> None:
    outbox_deliver()  # the event becomes a notice,
    outbox_deliver()  # and the notice a mail


def key_in_mail() -> str:
    deliver()
    (message,) = mail.outbox
    found = re.search(r"/invitations/(\S+)/", str(message.body))
    assert found is not None
    return found[1]


def test_a_person_is_mailed_the_way_to_the_invitation(team: Team) -> None:
    ada = UserFactory(username="ada")
    invitation = invite(team, "ada")
    assert invitation_find(user=ada, key=key_in_mail()) == invitation
    assert mail.outbox[0].to == [ada.email]
    assert "Giants" in mail.outbox[0].subject


def test_an_address_is_mailed_a_link_that_opens_for_its_reader_alone(team: Team) -> None:
    invitation = invite(team, "new@example.org")
    key = key_in_mail()
    assert mail.outbox[0].to == ["new@example.org"]
    assert str(invitation.pk) not in str(mail.outbox[0].body)
    assert invitation_find(user=UserFactory(), key=key) == invitation


def test_what_was_withdrawn_is_not_mailed(team: Team) -> None:
    invitation = invite(team, "new@example.org")
    invitation_withdraw(user=member_of(team), invitation_id=invitation.pk)
    other = TeamFactory(competition=team.competition)
    proposal = merge_propose(
        user=member_of(team), competition=team.competition, other_name=other.name
    )
    merge_decline(user=member_of(team), proposal_id=proposal.pk)
    assert outbox_deliver() == 2
    assert mail.outbox == []


def test_a_proposal_is_mailed_to_the_leader_who_decides(team: Team) -> None:
    other = TeamFactory(competition=team.competition)
    merge_propose(user=member_of(team), competition=team.competition, other_name=other.name)
    deliver()
    (message,) = mail.outbox
    assert message.to == [member_of(other).email]
    assert f"/competitions/{team.competition.slug}/team/" in str(message.body)


def test_members_hear_of_a_merge_and_webhooks_go_along(team: Team) -> None:
    other = TeamFactory(competition=team.competition)
    leader = member_of(other)
    webhook, _ = webhook_create(
        user=leader, subject=Subject(team=other), url="https://example.org/"
    )
    proposal = merge_propose(
        user=member_of(team), competition=team.competition, other_name=other.name
    )
    merge_accept(user=leader, proposal_id=proposal.pk)
    deliver()
    webhook.refresh_from_db()
    assert webhook.team == team
    (message,) = mail.outbox
    assert message.to == [member_of(team).email]
    assert "is part of Giants now" in message.subject
