"""A person's settings: tokens and mails."""

import re

import pytest
from django.test import Client

from minigiants.accounts.models import ApiToken, User
from minigiants.accounts.services import token_authenticate, token_create
from minigiants.competitions.models import Competition
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db
PAGE = "/settings/tokens/"


@pytest.mark.parametrize("address", ["/settings/", PAGE])
def test_settings_are_behind_the_log_in(client: Client, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 302
    assert answer["Location"] == f"/accounts/login/?next={address}"


def test_a_new_tokens_secret_is_shown_once_and_works(logged_in: Client, person: User) -> None:
    answer = logged_in.post(PAGE, {"name": "CI", "scopes": ["read", "submit"], "days": "30"})
    found = re.search(r"mg_[A-Za-z0-9]{46}", answer.text)
    assert found is not None
    assert token_authenticate(secret=found[0]).user == person
    assert "no-store" in answer["Cache-Control"]
    assert found[0] not in logged_in.get(PAGE).text


@pytest.mark.parametrize(
    "form",
    [
        {"name": "", "scopes": ["read"], "days": "30"},
        {"name": "CI", "scopes": [], "days": "30"},
        {"name": "CI", "scopes": ["root"], "days": "30"},
        {"name": "CI", "scopes": ["admin"], "days": "30"},
        {"name": "CI", "scopes": ["read"], "days": "30", "competition": "no-such"},
        {"name": "CI", "scopes": ["read"], "days": "99999"},
    ],
)
def test_what_is_not_valid_makes_no_token(logged_in: Client, form: dict[str, object]) -> None:
    answer = logged_in.post(PAGE, form)
    assert answer.status_code == 200
    assert 'class="errors"' in answer.text
    assert not ApiToken.objects.exists()


def test_revoking_is_for_good(logged_in: Client, person: User) -> None:
    token, _ = token_create(user=person, name="old", scopes=["read"], days=1)
    answer = logged_in.post(f"/settings/tokens/{token.pk}/revoke/", follow=True)
    assert "opens nothing any more" in answer.text
    token.refresh_from_db()
    assert not token.is_live


def test_tokens_of_others_do_not_exist(logged_in: Client) -> None:
    token, _ = token_create(user=UserFactory(), name="theirs", scopes=["read"], days=1)
    assert "theirs" not in logged_in.get(PAGE).text
    assert logged_in.post(f"/settings/tokens/{token.pk}/revoke/").status_code == 404
    token.refresh_from_db()
    assert token.is_live


def test_a_hostile_name_is_text(logged_in: Client, person: User) -> None:
    token_create(user=person, name="<script>alert(1)</script>", scopes=["read"], days=1)
    assert "<script>alert(1)" not in logged_in.get(PAGE).text


def test_only_staff_is_shown_the_way_to_administration(client: Client, logged_in: Client) -> None:
    assert "/admin/" not in logged_in.get("/settings/").text
    client.force_login(UserFactory(is_staff=True))
    assert "/admin/" in client.get("/settings/").text


def test_mails_on_results_are_chosen_and_unchosen(logged_in: Client, person: User) -> None:
    assert not person.wants_result_mail
    assert logged_in.post("/settings/", {"mails": ["result"]}).status_code == 302
    person.refresh_from_db()
    assert person.wants_result_mail
    assert "checked" in logged_in.get("/settings/").text
    logged_in.post("/settings/", {})
    person.refresh_from_db()
    assert not person.wants_result_mail


def test_a_token_is_bound_and_rotated(
    logged_in: Client, person: User, competition: Competition
) -> None:
    form = {"name": "CI", "scopes": ["read"], "days": "30", "competition": competition.slug}
    assert "is made" in logged_in.post(PAGE, form).text
    old = ApiToken.objects.get()
    assert old.competition == competition.slug
    answer = logged_in.post(f"{PAGE}{old.pk}/rotate/")
    found = re.search(r"mg_[A-Za-z0-9]{46}", answer.text)
    assert found is not None
    assert "no-store" in answer["Cache-Control"]
    new = token_authenticate(secret=found[0])
    assert (new.pk != old.pk, new.competition) == (True, competition.slug)


def test_staff_may_choose_the_scope_that_operates(client: Client) -> None:
    client.force_login(UserFactory(is_staff=True))
    client.post(PAGE, {"name": "ops", "scopes": ["admin"], "days": "30"})
    assert ApiToken.objects.get().scopes == ["admin"]
