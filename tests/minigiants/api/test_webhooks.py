"""Webhooks through the API."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django import Settings

from minigiants.competitions.models import Competition
from minigiants.notifications.models import Delivery, Webhook
from minigiants.notifications.webhook_delivery import webhooks_deliver
from minigiants.notifications.webhooks import MOST_OF_A_TEAM
from tests.support.factories import TeamFactory, member_of
from tests.support.problem_documents import code_of
from tests.support.webhook_receiver import ALLOW_LOOPBACK, Receiver

pytestmark = pytest.mark.django_db

URL = "https://example.org/hook"


@pytest.fixture
def base(competition: Competition) -> str:
    return f"/api/v1/competitions/{competition.slug}/team/webhooks"


def _send(client: Client, path: str, body: Any = None, method: str = "post") -> Any:
    return getattr(client, method)(path, body, content_type="application/json")


def test_the_life_of_a_webhook(
    member_client: Client, base: str, receiver: Receiver, settings: Settings
) -> None:
    settings.WEBHOOK_NETWORKS = ALLOW_LOOPBACK
    made = _send(member_client, base, {"url": receiver.url, "kinds": ["submission.scored"]})
    assert made.status_code == 201
    webhook = made.json()
    assert webhook["secret"].startswith("whsec_")
    one = f"{base}/{webhook['id']}"
    assert "secret" not in member_client.get(one).json()
    assert [item["id"] for item in member_client.get(base).json()["items"]] == [webhook["id"]]
    sent = _send(member_client, f"{one}/test")
    assert (sent.status_code, sent.json()["status"]) == (202, "pending")
    webhooks_deliver()
    (delivery,) = member_client.get(f"{one}/deliveries").json()["items"]
    assert (delivery["status"], delivery["next_attempt_at"]) == ("delivered", None)
    assert [attempt["response_status"] for attempt in delivery["attempts"]] == [204]
    assert receiver.received[0].headers["webhook-id"] == delivery["message_id"]
    assert receiver.received[0].body.decode() == delivery["body"]
    again = _send(member_client, f"{one}/deliveries/{delivery['id']}/replay")
    assert (again.status_code, again.json()["status"]) == (202, "pending")
    assert _send(member_client, f"{one}/rotate").json()["secret"] != webhook["secret"]
    off = _send(member_client, one, {"enabled": False}, "patch").json()
    assert (off["enabled"], off["disabled_reason"]) == (False, "by_person")
    assert code_of(_send(member_client, f"{one}/test")) == "webhook_disabled"
    assert _send(member_client, one, {"enabled": True}, "patch").json()["enabled"] is True
    assert member_client.delete(one).status_code == 204
    assert code_of(member_client.get(one)) == "not_found"
    assert not Delivery.objects.exists()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.org",
        "ftp://example.org/",
        "http://example.org/",  # without networks that the operator has opened
        "https://",
        "https:///path",
        "https://user:password@example.org/",
        "https://example.org/#part",
        "https://exa mple.org/",
        "https://example.org:99999/",
        "https://[::1/",
        "https://" + "x" * 300 + "/" + "y" * 2000,
        7,
    ],
)
def test_what_can_be_no_address(member_client: Client, base: str, url: Any) -> None:
    response = _send(member_client, base, {"url": url})
    assert response.status_code == 422
    assert code_of(response) in {"invalid_input", "invalid_webhook"}
    assert not Webhook.objects.exists()


def test_an_international_name_is_kept_in_ascii(member_client: Client, base: str) -> None:
    made = _send(member_client, base, {"url": "https://bücher.example/hook?a=1"}).json()
    assert made["url"] == "https://xn--bcher-kva.example/hook?a=1"


@pytest.mark.parametrize("kind", ["nothing", "competition.scoring_failed", "secret.thing"])
def test_kinds_that_a_team_is_not_told(member_client: Client, base: str, kind: str) -> None:
    response = _send(member_client, base, {"url": URL, "kinds": [kind]})
    assert (response.status_code, code_of(response)) == (422, "invalid_webhook")


def test_a_team_has_so_many_at_most(member_client: Client, base: str) -> None:
    for _ in range(MOST_OF_A_TEAM):
        assert _send(member_client, base, {"url": URL}).status_code == 201
    response = _send(member_client, base, {"url": URL})
    assert (response.status_code, code_of(response)) == (409, "too_many_webhooks")


def test_those_of_another_team_do_not_exist(
    member_client: Client, base: str, competition: Competition, bearer: Any
) -> None:
    webhook = _send(member_client, base, {"url": URL}).json()
    other = Client(headers=bearer(member_of(TeamFactory(competition=competition))))
    assert other.get(base).json()["items"] == []
    for identity in (webhook["id"], uuid4()):
        assert other.get(f"{base}/{identity}").status_code == 404
        assert other.delete(f"{base}/{identity}").status_code == 404


def test_a_key_makes_one_webhook_with_one_secret(member_client: Client, base: str) -> None:
    answers = [
        member_client.post(
            base, {"url": URL}, content_type="application/json", headers={"Idempotency-Key": "k"}
        ).json()
        for _ in range(2)
    ]
    assert answers[0]["secret"] == answers[1]["secret"]
    assert Webhook.objects.count() == 1
