"""Inviting by user name and by mail, and what becomes of an invitation."""

from datetime import timedelta

import pytest
from django.utils import timezone

from minigiants.core.models import OutboxEvent
from minigiants.core.problems import InvalidInput, NotFound
from minigiants.teams.invitations import (
    INVITED_EVENT,
    MAX_A_DAY,
    MAX_OPEN,
    invitation_create,
    invitation_decline,
    invitation_find,
    invitation_token,
    invitation_withdraw,
)
from minigiants.teams.models import Answer, Invitation, Team
from minigiants.teams.problems import (
    AlreadyInTeam,
    NotLeader,
    NotOpen,
    TeamTooLarge,
    TooManyInvitations,
)
from minigiants.teams.selectors import invitations_of, invitations_to
from tests.support.factories import TeamFactory, UserFactory, member_add, member_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def team() -> Team:
    return TeamFactory()


def invite(team: Team, to: str) -> Invitation:
    return invitation_create(user=member_of(team), competition=team.competition, to=to)


def test_a_person_is_invited_by_name_once(team: Team) -> None:
    ada = UserFactory(username="ada")
    invitation = invite(team, " Ada ")
    assert invite(team, "ada") == invitation
    assert list(invitations_to(ada)) == [invitation]
    assert not invitations_to(UserFactory()).exists()
    event = OutboxEvent.objects.get(kind=INVITED_EVENT)
    assert event.payload == {"invitation": str(invitation.pk)}


def test_an_address_is_not_looked_up(team: Team) -> None:
    known = UserFactory(email="known@example.org")
    invitation = invite(team, "Known@Example.org")
    assert (invitation.user, invitation.email) == (None, "known@example.org")
    assert list(invitations_to(known)) == [invitation]


def test_nobody_sees_others_invitations_for_want_of_an_address(team: Team) -> None:
    invite(team, UserFactory().username)
    assert not invitations_to(UserFactory(email="")).exists()


@pytest.mark.parametrize(
    ("to", "problem"), [("nobody-here", NotFound), ("a@b@c", InvalidInput), ("", NotFound)]
)
def test_nonsense_is_refused(team: Team, to: str, problem: type[Exception]) -> None:
    with pytest.raises(problem):
        invite(team, to)


def test_only_the_leader_invites_and_withdraws(team: Team) -> None:
    colleague = UserFactory()
    member_add(team, colleague)
    with pytest.raises(NotLeader):
        invitation_create(user=colleague, competition=team.competition, to="x@example.org")
    with pytest.raises(AlreadyInTeam):
        invite(team, colleague.username)
    invitation = invite(team, "x@example.org")
    with pytest.raises(NotLeader):
        invitation_withdraw(user=colleague, invitation_id=invitation.pk)
    with pytest.raises(NotFound):
        invitation_withdraw(user=UserFactory(), invitation_id=invitation.pk)
    invitation_withdraw(user=member_of(team), invitation_id=invitation.pk)
    assert invitations_of(team) == []
    with pytest.raises(NotOpen):
        invitation_withdraw(user=member_of(team), invitation_id=invitation.pk)


def test_the_link_of_a_mail_opens_its_invitation_for_whoever_holds_it(team: Team) -> None:
    stranger = UserFactory()
    invitation = invite(team, "x@example.org")
    token = invitation_token(invitation)
    assert invitation_find(user=stranger, key=token) == invitation
    for key in (str(invitation.pk), token[:-1], "nonsense", ""):
        with pytest.raises(NotFound):
            invitation_find(user=stranger, key=key)


def test_a_token_does_not_open_an_invitation_by_name(team: Team) -> None:
    ada = UserFactory()
    invitation = invite(team, ada.username)
    with pytest.raises(NotFound):
        invitation_find(user=UserFactory(), key=invitation_token(invitation))
    assert invitation_find(user=ada, key=str(invitation.pk)) == invitation


def test_what_is_answered_or_expired_is_gone(team: Team) -> None:
    ada = UserFactory()
    invitation = invite(team, ada.username)
    invitation_decline(user=ada, invitation=invitation)
    with pytest.raises(NotOpen):
        invitation_decline(user=ada, invitation=invitation)
    with pytest.raises(NotFound):
        invitation_find(user=ada, key=str(invitation.pk))
    again = invite(team, ada.username)
    assert again != invitation
    Invitation.objects.filter(pk=again.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert not invitations_to(ada).exists()
    assert invite(team, ada.username) not in (invitation, again)
    assert Invitation.objects.filter(state=Answer.OPEN).count() == 1


def test_a_full_team_invites_nobody(team: Team) -> None:
    for _ in range(4):
        member_add(team, UserFactory())
    with pytest.raises(TeamTooLarge):
        invite(team, "x@example.org")


def test_invitations_are_few(team: Team) -> None:
    for number in range(MAX_OPEN):
        invite(team, f"p{number}@example.org")
    with pytest.raises(TooManyInvitations):
        invite(team, "one-more@example.org")
    for row in invitations_of(team):
        invitation_withdraw(user=member_of(team), invitation_id=row.pk)
    for number in range(MAX_A_DAY - MAX_OPEN):
        invite(team, f"q{number}@example.org")
    Invitation.objects.update(state=Answer.WITHDRAWN)
    with pytest.raises(TooManyInvitations):
        invite(team, "one-more@example.org")
