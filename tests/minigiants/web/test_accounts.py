"""Signing up, logging in, confirming and resetting, with what allauth must refuse."""

import re

import pytest
from django.core import mail
from django.test import Client

from minigiants.accounts.models import User
from tests.support.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

ANYBODY = ["login/", "signup/", "logout/", "password/reset/", "password/reset/done/"]
OWN = ["email/", "password/change/", "2fa/", "reauthenticate/", "logout/"]


@pytest.mark.parametrize("page", ANYBODY)
def test_pages_before_the_log_in_have_our_layout(client: Client, page: str) -> None:
    answer = client.get(f"/accounts/{page}", follow=True)
    assert answer.status_code == 200
    assert 'class="masthead"' in answer.text


@pytest.mark.parametrize("page", OWN)
def test_pages_behind_the_log_in_have_our_layout(logged_in: Client, page: str) -> None:
    answer = logged_in.get(f"/accounts/{page}")
    assert answer.status_code == 200
    assert 'class="masthead"' in answer.text
    assert " style=" not in answer.text


@pytest.mark.parametrize("page", ["email/", "password/change/", "signup/"])
def test_no_page_speaks_as_the_library_does(person: User, page: str) -> None:
    client = Client()
    if page != "signup/":
        client.force_login(person)
    text = client.get(f"/accounts/{page}").text
    for theirs in (">Email", ">Username", "Email Address", "Change Password", "Re-send"):
        assert theirs not in text


def sign_up(client: Client, name: str, email: str) -> str:
    form = {"email": email, "username": name, "password1": PASSWORD, "password2": PASSWORD}
    return client.post("/accounts/signup/", form, follow=True).text


def test_from_sign_up_to_the_first_log_in(client: Client) -> None:
    assert "Look into your mail" in sign_up(client, "grace", "grace@example.org")
    link = re.search(r"http://testserver(/accounts/confirm-email/\S+)", str(mail.outbox[0].body))
    assert link is not None
    credentials = {"login": "grace", "password": PASSWORD}
    assert "Look into your mail" in client.post("/accounts/login/", credentials, follow=True).text
    page = client.get(link[1])
    assert "grace@example.org" in page.text
    client.post(link[1])
    client.post("/accounts/login/", credentials)
    assert client.get("/settings/").status_code == 200


def test_signing_up_does_not_tell_which_addresses_are_known(client: Client) -> None:
    UserFactory(username="ada", email="ada@example.org")
    known = sign_up(client, "other", "ada@example.org")
    unknown = sign_up(Client(), "another", "new@example.org")
    assert "Look into your mail" in known
    assert "Look into your mail" in unknown
    assert User.objects.filter(email="ada@example.org").count() == 1


def test_a_reset_answers_the_same_for_everybody(client: Client) -> None:
    UserFactory(username="ada", email="ada@example.org")
    answers = [
        client.post("/accounts/password/reset/", {"email": email}, follow=True).text
        for email in ("ada@example.org", "nobody@example.org")
    ]
    without_tokens = [re.sub(r'value="[^"]{64}"', "", answer) for answer in answers]
    assert without_tokens[0] == without_tokens[1]
    assert "If there is an account with this address" in answers[0]
    assert [message.to for message in mail.outbox] == [["ada@example.org"]]


def test_a_reset_sets_the_password(client: Client) -> None:
    UserFactory(username="ada", email="ada@example.org")
    client.post("/accounts/password/reset/", {"email": "ada@example.org"})
    link = re.search(
        r"http://testserver(/accounts/password/reset/key/\S+)", str(mail.outbox[0].body)
    )
    assert link is not None
    page = client.get(link[1], follow=True)
    address = page.redirect_chain[-1][0]
    new = "another horse another battery"
    client.post(address, {"password1": new, "password2": new})
    assert Client().login(username="ada", password=new)
    assert "This link is used up" in Client().get(link[1], follow=True).text


def test_guessing_passwords_is_slowed_down(client: Client) -> None:
    UserFactory(username="ada")
    texts = [
        client.post("/accounts/login/", {"login": "ada", "password": f"guess {n}"}).text
        for n in range(12)
    ]
    assert "Too many failed login attempts" not in texts[0]
    assert "Too many failed login attempts" in texts[-1]
    right = client.post("/accounts/login/", {"login": "ada", "password": PASSWORD})
    assert right.status_code == 200  # even the right one waits now


def test_signing_up_is_slowed_down(client: Client) -> None:
    statuses = []
    for number in range(30):
        form = {
            "email": f"p{number}@example.org",
            "username": f"p{number}",
            "password1": PASSWORD,
            "password2": PASSWORD,
        }
        statuses.append(Client().post("/accounts/signup/", form).status_code)
    assert statuses[0] == 302
    assert statuses[-1] == 429


def test_logging_in_leads_on_but_never_off_the_site(client: Client) -> None:
    UserFactory(username="ada")
    credentials = {"login": "ada", "password": PASSWORD}
    answer = client.post("/accounts/login/?next=/settings/", {**credentials, "next": "/settings/"})
    assert answer["Location"] == "/settings/"
    answer = Client().post("/accounts/login/", {**credentials, "next": "https://evil.example/"})
    assert answer["Location"] == "/"


@pytest.mark.parametrize("name", ["admin", "Minigiants", "baseline"])
def test_names_that_mislead_are_taken(client: Client, name: str) -> None:
    assert 'class="errors"' in sign_up(client, name, "x@example.org")
    assert not User.objects.exists()
