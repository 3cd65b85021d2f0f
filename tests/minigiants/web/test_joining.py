"""A link or an invitation lets people in, and tells nothing before."""

import pytest
from django.test import Client

from minigiants.competitions.models import Admission, Host
from minigiants.competitions.people import competition_invite, invitation_secret
from tests.support.factories import CompetitionFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_a_link_lets_in_whoever_follows_it() -> None:
    competition = CompetitionFactory.create(audience="link")
    person = UserFactory.create()
    client = Client()
    address = f"/competitions/{competition.slug}/join/{competition.link_secret}/"
    assert client.get(address).status_code == 302
    client.force_login(person)
    asked = client.get(address)
    assert competition.title.encode() not in asked.content
    assert not Admission.objects.exists()
    assert client.post(address).status_code == 302
    assert client.get(f"/competitions/{competition.slug}/").status_code == 200


def test_an_invitation_lets_in_its_guest() -> None:
    competition = CompetitionFactory.create(audience="invitation")
    host, guest = UserFactory.create(), UserFactory.create()
    Host.objects.create(competition=competition, user=host, role=Host.Role.ORGANIZER)
    invitation = competition_invite(competition=competition, actor=host, email="a@example.org")
    client = Client()
    client.force_login(guest)
    address = f"/competitions/{competition.slug}/join/{invitation_secret(invitation)}/"
    assert client.post(address).status_code == 302
    assert client.get(f"/competitions/{competition.slug}/").status_code == 200


def test_a_wrong_secret_says_the_same_as_no_competition() -> None:
    competition = CompetitionFactory.create(audience="link")
    client = Client()
    client.force_login(UserFactory.create())
    answers = [client.post(f"/competitions/{slug}/join/x/") for slug in (competition.slug, "none")]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert not Admission.objects.exists()
