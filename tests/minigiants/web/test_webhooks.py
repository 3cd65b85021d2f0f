"""The pages of webhooks."""

import re

import pytest
from django.test import Client

from minigiants.accounts.models import User
from minigiants.competitions.models import Host
from minigiants.notifications.models import Delivery, Webhook
from minigiants.notifications.selectors import Subject
from minigiants.notifications.webhooks import signing_secrets, webhook_create, webhook_test
from minigiants.teams.models import Team
from tests.support.factories import TeamFactory, member_of

pytestmark = pytest.mark.django_db
PAGE = "/settings/webhooks/"
URL = "https://example.org/hook"


@pytest.fixture
def webhook(team: Team, person: User) -> Webhook:
    return webhook_create(user=person, subject=Subject(team=team), url=URL)[0]


def test_the_page_is_behind_the_log_in(client: Client) -> None:
    assert client.get(PAGE)["Location"] == f"/accounts/login/?next={PAGE}"


def test_who_has_no_team_is_told_how_to_get_one(logged_in: Client) -> None:
    assert "founds your team" in logged_in.get(PAGE).text


def test_a_webhooks_secret_is_shown_once(logged_in: Client, team: Team) -> None:
    form = {"subject": f"team:{team.pk}", "url": URL, "kinds": ["submission.scored"]}
    answer = logged_in.post(PAGE, form)
    found = re.search(r"whsec_[A-Za-z0-9+/=]+", answer.text)
    assert found is not None
    webhook = Webhook.objects.get()
    assert signing_secrets(webhook) == [found[0]]
    assert webhook.kinds == ["submission.scored"]
    assert "no-store" in answer["Cache-Control"]
    for page in (PAGE, f"{PAGE}{webhook.pk}/"):
        assert found[0] not in logged_in.get(page).text


@pytest.mark.parametrize(
    "form",
    [
        {"url": "http://example.org/"},
        {"url": "https://user@example.org/"},
        {"url": "nonsense"},
        {"kinds": ["secret.thing"]},
        {"kinds": ["competition.scoring_failed"]},
        {"subject": "team:0"},
    ],
)
def test_what_is_not_valid_makes_none(
    logged_in: Client, team: Team, form: dict[str, object]
) -> None:
    answer = logged_in.post(PAGE, {"subject": f"team:{team.pk}", "url": URL, **form})
    assert answer.status_code == 200
    assert 'class="errors"' in answer.text
    assert not Webhook.objects.exists()


def test_the_log_and_what_can_be_done(logged_in: Client, webhook: Webhook) -> None:
    one = f"{PAGE}{webhook.pk}/"
    assert "on its way" in logged_in.post(f"{one}test/", follow=True).text
    delivery = Delivery.objects.get()
    assert "webhook.test" in logged_in.get(one).text
    Delivery.objects.update(status="delivered")
    assert logged_in.post(f"{one}deliveries/{delivery.pk}/replay/").status_code == 302
    delivery.refresh_from_db()
    assert delivery.status == "pending"
    assert "It is off" in logged_in.post(f"{one}switch/", follow=True).text
    assert "It is on" in logged_in.post(f"{one}switch/", follow=True).text
    assert "whsec_" in logged_in.post(f"{one}rotate/").text
    assert "is removed" in logged_in.post(f"{one}delete/", follow=True).text
    assert not Webhook.objects.exists()


def test_hosts_choose_their_competition(logged_in: Client, team: Team, person: User) -> None:
    host_of = TeamFactory().competition
    Host.objects.create(competition=host_of, user=person, role=Host.Role.ORGANIZER)
    form = {"subject": f"hosts:{host_of.pk}", "url": URL, "kinds": ["competition.scoring_failed"]}
    assert "whsec_" in logged_in.post(PAGE, form).text
    assert Webhook.objects.get().competition == host_of


def test_webhooks_of_others_do_not_exist(client: Client, webhook: Webhook) -> None:
    webhook_test(webhook=webhook)
    client.force_login(member_of(TeamFactory()))
    assert URL not in client.get(PAGE).text
    one = f"{PAGE}{webhook.pk}/"
    assert client.get(one).status_code == 404
    for verb in ("rotate", "switch", "delete", "test"):
        assert client.post(f"{one}{verb}/").status_code == 404
    assert Webhook.objects.get().is_enabled


def test_hostile_words_are_text(logged_in: Client, webhook: Webhook) -> None:
    Webhook.objects.update(description="<script>alert(1)</script>")
    for page in (PAGE, f"{PAGE}{webhook.pk}/"):
        assert "<script>alert(1)" not in logged_in.get(page).text
