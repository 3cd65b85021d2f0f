"""Hosts and their roles, and how people come into a competition that is not public."""

from datetime import timedelta

import pytest
from django.utils import timezone

from minigiants.accounts.models import User
from minigiants.competitions.models import Admission, Competition, Host, Invitation
from minigiants.competitions.people import (
    competition_invite,
    competition_join,
    host_remove,
    host_set,
    invitation_revoke,
    invitation_secret,
)
from minigiants.competitions.problems import LastOwner
from minigiants.competitions.selectors import audit_of, competition_list
from minigiants.core.models import OutboxEvent
from minigiants.core.problems import InvalidInput, NotFound, NotPermitted
from tests.support.factories import CompetitionFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def competition() -> Competition:
    made: Competition = CompetitionFactory(audience="invitation")
    return made


@pytest.fixture
def owner(competition: Competition) -> User:
    person: User = UserFactory()
    Host.objects.create(competition=competition, user=person, role=Host.Role.OWNER)
    return person


def test_an_owner_gives_and_takes_roles(competition: Competition, owner: User) -> None:
    other = UserFactory.create()
    host_set(competition=competition, actor=owner, username=other.username, role="judge")
    host_set(competition=competition, actor=owner, username=other.username, role="owner")
    assert Host.objects.get(user=other).role == Host.Role.OWNER
    host_remove(competition=competition, actor=other, username=owner.username)
    assert not Host.objects.filter(user=owner).exists()
    told = [(entry.action, entry.detail.get("role")) for entry in audit_of(competition=competition)]
    assert told == [("host.remove", None), ("host.set", "owner"), ("host.set", "judge")]


def test_the_last_owner_stays(competition: Competition, owner: User) -> None:
    with pytest.raises(LastOwner):
        host_remove(competition=competition, actor=owner, username=owner.username)
    with pytest.raises(LastOwner):
        host_set(competition=competition, actor=owner, username=owner.username, role="viewer")
    assert Host.objects.get().role == Host.Role.OWNER


def test_what_can_not_be(competition: Competition, owner: User) -> None:
    with pytest.raises(InvalidInput):
        host_set(competition=competition, actor=owner, username=owner.username, role="emperor")
    with pytest.raises(NotFound):
        host_set(competition=competition, actor=owner, username="nobody", role="judge")
    with pytest.raises(NotFound):
        host_remove(competition=competition, actor=owner, username="nobody")
    with pytest.raises(InvalidInput):
        competition_invite(competition=competition, actor=owner, email="no address")


def test_an_organizer_chooses_no_hosts(competition: Competition, owner: User) -> None:
    organizer = UserFactory.create()
    Host.objects.create(competition=competition, user=organizer, role=Host.Role.ORGANIZER)
    with pytest.raises(NotPermitted):
        host_set(
            competition=competition, actor=organizer, username=organizer.username, role="owner"
        )


def test_an_invitation_lets_one_person_in(competition: Competition, owner: User) -> None:
    invitation = competition_invite(competition=competition, actor=owner, email=" Ada@Example.org ")
    assert competition_invite(competition=competition, actor=owner, email="ada@example.org") == (
        invitation
    )
    secret = invitation_secret(invitation)
    (event,) = OutboxEvent.objects.filter(kind="competition.invited")
    assert secret not in str(event.payload)
    guest, second = UserFactory.create(), UserFactory.create()
    assert competition_join(user=guest, slug=competition.slug, secret=secret) == competition
    competition_join(user=guest, slug=competition.slug, secret=secret)
    assert competition in competition_list(user=guest)
    with pytest.raises(NotFound):
        competition_join(user=second, slug=competition.slug, secret=secret)
    assert competition not in competition_list(user=second)


def test_a_revoked_invitation_shuts_out(competition: Competition, owner: User) -> None:
    invitation = competition_invite(competition=competition, actor=owner, email="ada@example.org")
    guest = UserFactory.create()
    secret = invitation_secret(invitation)
    competition_join(user=guest, slug=competition.slug, secret=secret)
    for _ in range(2):
        invitation_revoke(competition=competition, actor=owner, invitation_id=invitation.pk)
    assert competition not in competition_list(user=guest)
    with pytest.raises(NotFound):
        competition_join(user=guest, slug=competition.slug, secret=secret)


def test_an_invitation_ends(competition: Competition, owner: User) -> None:
    invitation = competition_invite(competition=competition, actor=owner, email="ada@example.org")
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    invitation.refresh_from_db()
    assert invitation.state == "expired"
    with pytest.raises(NotFound):
        competition_join(
            user=UserFactory.create(), slug=competition.slug, secret=invitation_secret(invitation)
        )


@pytest.mark.parametrize("audience", ["public", "link", "invitation", "email-domain"])
def test_the_link_opens_where_the_competition_goes_by_link(audience: str) -> None:
    competition = CompetitionFactory.create(audience=audience)
    person = UserFactory.create()
    if audience == "link":
        competition_join(user=person, slug=competition.slug, secret=competition.link_secret)
        assert Admission.objects.get().way == Admission.Way.LINK
    else:
        with pytest.raises(NotFound):
            competition_join(user=person, slug=competition.slug, secret=competition.link_secret)


@pytest.mark.parametrize("secret", ["", "x", "ä" * 40])
def test_a_wrong_secret_opens_nothing(secret: str) -> None:
    competition = CompetitionFactory.create(audience="link")
    with pytest.raises(NotFound):
        competition_join(user=UserFactory.create(), slug=competition.slug, secret=secret)
    with pytest.raises(NotFound):
        competition_join(user=UserFactory.create(), slug="nowhere", secret=secret)
