"""Tokens: made, shown once, used, revoked, expired."""

import hashlib
import re
import string
import zlib
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from minigiants.accounts.models import ApiToken
from minigiants.accounts.problems import (
    InvalidToken,
    InvalidTokenRequest,
    TokenExpired,
    TokenRevoked,
)
from minigiants.accounts.selectors import token_list
from minigiants.accounts.services import (
    ROTATION_OVERLAP,
    token_authenticate,
    token_check,
    token_create,
    token_revoke,
    token_rotate,
)
from minigiants.accounts.token_secrets import is_secret, secret_make
from minigiants.core.models import AuditEntry
from minigiants.core.problems import NotFound
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db


def test_the_secret_is_nowhere_in_the_database() -> None:
    user = UserFactory()
    token, secret = token_create(user=user, name="CI", scopes=["submit", "read"], days=30)
    assert secret.startswith("mg_")
    assert len(secret) >= 46
    assert token.digest == hashlib.sha256(secret.encode()).hexdigest()
    assert secret.startswith(token.prefix)
    assert len(token.prefix) < len(secret) / 3
    row = ApiToken.objects.filter(pk=token.pk).values().get()
    assert secret not in str(row)
    assert secret not in str(list(AuditEntry.objects.values()))


def test_it_authenticates_its_person() -> None:
    user = UserFactory()
    token, secret = token_create(user=user, name=" CI ", scopes=["read"], days=1)
    found = token_authenticate(secret=secret)
    assert (found.pk, found.user, found.scopes, found.name) == (token.pk, user, ["read"], "CI")


@pytest.mark.parametrize(
    ("name", "scopes", "days"),
    [
        ("", ["read"], 1),
        ("  ", ["read"], 1),
        ("x" * 81, ["read"], 1),
        ("CI", [], 1),
        ("CI", ["admin"], 1),
        ("CI", ["read"], 0),
        ("CI", ["read"], 367),
    ],
)
def test_what_a_token_may_not_be(name: str, scopes: list[str], days: int) -> None:
    with pytest.raises(InvalidTokenRequest):
        token_create(user=UserFactory(), name=name, scopes=scopes, days=days)
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "mg_",
        "mg_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx3aemps",
        "Basic abc",
        "mg_é" + "x" * 45,
    ],
)
def test_an_unknown_secret_is_refused(secret: str) -> None:
    with pytest.raises(InvalidToken):
        token_authenticate(secret=secret)


def test_what_is_no_secret_costs_no_query(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(0), pytest.raises(InvalidToken):
        token_authenticate(secret="x" * 10_000)


def test_an_expired_token_opens_nothing() -> None:
    token, secret = token_create(user=UserFactory(), name="CI", scopes=["read"], days=1)
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(TokenExpired):
        token_authenticate(secret=secret)
    with pytest.raises(TokenExpired):
        token_check(token_id=token.pk)


def test_a_revoked_token_opens_nothing_and_revoking_twice_is_fine() -> None:
    user = UserFactory()
    token, secret = token_create(user=user, name="CI", scopes=["read"], days=1)
    first = token_revoke(user=user, token_id=token.pk).revoked_at
    assert token_revoke(user=user, token_id=token.pk).revoked_at == first
    with pytest.raises(TokenRevoked):
        token_authenticate(secret=secret)
    with pytest.raises(TokenRevoked):
        token_check(token_id=token.pk)
    assert AuditEntry.objects.filter(action="token.revoke").count() == 1


def test_nobody_revokes_the_token_of_another() -> None:
    token, secret = token_create(user=UserFactory(), name="CI", scopes=["read"], days=1)
    with pytest.raises(NotFound):
        token_revoke(user=UserFactory(), token_id=token.pk)
    assert token_authenticate(secret=secret).pk == token.pk


def test_a_locked_person_s_token_opens_nothing() -> None:
    user = UserFactory()
    token, secret = token_create(user=user, name="CI", scopes=["read"], days=1)
    user.is_active = False
    user.save()
    with pytest.raises(InvalidToken):
        token_authenticate(secret=secret)
    with pytest.raises(InvalidToken):
        token_check(token_id=token.pk)


def test_last_use_is_written_at_most_once_a_minute(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    token, secret = token_create(user=UserFactory(), name="CI", scopes=["read"], days=1)
    with django_assert_num_queries(2):
        token_authenticate(secret=secret)
    token.refresh_from_db()
    first = token.last_used_at
    assert first is not None
    with django_assert_num_queries(1):
        token_authenticate(secret=secret)
    ApiToken.objects.update(last_used_at=timezone.now() - timedelta(seconds=61))
    with django_assert_num_queries(2):
        token_authenticate(secret=secret)
    token.refresh_from_db()
    assert token.last_used_at is not None
    assert token.last_used_at > first


def test_a_person_sees_their_own_tokens_only() -> None:
    user = UserFactory()
    mine, _ = token_create(user=user, name="CI", scopes=["read"], days=1)
    token_create(user=UserFactory(), name="CI", scopes=["read"], days=1)
    assert list(token_list(user=user)) == [mine]


def test_operators_see_and_revoke_tokens_but_never_their_digest(client: Client) -> None:
    operator = UserFactory(is_staff=True, is_superuser=True)
    token, secret = token_create(user=UserFactory(), name="CI", scopes=["read"], days=1)
    client.force_login(operator)
    page = client.get(reverse("admin:accounts_apitoken_change", args=[token.pk]))
    assert page.status_code == 200
    assert token.digest not in page.content.decode()
    assert client.get(reverse("admin:accounts_apitoken_add")).status_code == 403
    client.post(
        reverse("admin:accounts_apitoken_changelist"),
        {"action": "revoke", "_selected_action": [str(token.pk)]},
    )
    with pytest.raises(TokenRevoked):
        token_authenticate(secret=secret)


def test_secrets_have_the_form_that_scanners_look_for() -> None:
    secret = secret_make()
    assert re.fullmatch(r"mg_[0-9A-Za-z]{46}", secret)
    assert is_secret(secret)
    digits = string.digits + string.ascii_uppercase + string.ascii_lowercase
    checksum = 0
    for digit in secret[-6:]:
        checksum = checksum * 62 + digits.index(digit)
    assert checksum == zlib.crc32(secret[3:-6].encode())


@given(position=st.integers(0, 48), character=st.sampled_from(string.ascii_letters + "_-é\n"))
def test_a_changed_character_makes_no_secret(position: int, character: str) -> None:
    secret = secret_make()
    changed = secret[:position] + character + secret[position + 1 :]
    assert is_secret(changed) == (changed == secret)


def test_a_rotated_token_hands_over_within_a_day() -> None:
    user = UserFactory()
    old, old_secret = token_create(
        user=user, name="CI", scopes=["read", "submit"], days=30, competition="digits"
    )
    new, new_secret = token_rotate(user=user, token_id=old.pk, days=90)
    assert (new.name, new.scopes, new.competition) == ("CI", ["read", "submit"], "digits")
    assert token_authenticate(secret=old_secret).pk == old.pk
    assert token_authenticate(secret=new_secret).pk == new.pk
    old.refresh_from_db()
    assert old.expires_at <= timezone.now() + ROTATION_OVERLAP
    ApiToken.objects.filter(pk=old.pk).update(expires_at=timezone.now())
    with pytest.raises(TokenExpired):
        token_rotate(user=user, token_id=old.pk, days=90)
    with pytest.raises(NotFound):
        token_rotate(user=UserFactory(), token_id=new.pk, days=90)


def test_rotating_never_lets_the_old_one_live_longer() -> None:
    user = UserFactory()
    old, _ = token_create(user=user, name="CI", scopes=["read"], days=1)
    soon = timezone.now() + timedelta(minutes=5)
    ApiToken.objects.update(expires_at=soon)
    token_rotate(user=user, token_id=old.pk, days=90)
    old.refresh_from_db()
    assert old.expires_at == soon


def test_only_staff_gets_the_scope_that_operates() -> None:
    with pytest.raises(InvalidTokenRequest, match="staff"):
        token_create(user=UserFactory(), name="CI", scopes=["admin"], days=1)
    token, _ = token_create(user=UserFactory(is_staff=True), name="ops", scopes=["admin"], days=1)
    assert token.scopes == ["admin"]
