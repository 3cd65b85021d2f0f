"""The mails that an account's own pages send: our wording, through a real mail server."""

import re
from pathlib import Path

import allauth
import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.template.loader import get_template
from django.test import Client
from pytest_django import Settings

from minigiants.accounts.models import User
from tests.support.factories import PASSWORD
from tests.support.mail_server import MailServer

pytestmark = pytest.mark.django_db(transaction=True)

NEW = "another horse another battery"
TURNED_OFF = {
    "account/email/login_code",
    "account/email/password_reset_code",
    "account/email/unknown_account",
    "mfa/email/webauthn_added",
    "mfa/email/webauthn_removed",
}
"""Codes by mail, keys of hardware, and answers to addresses that nobody has."""


def mails_of_allauth() -> set[str]:
    """The names of all mails that its accounts and second factors send."""
    sources = Path(allauth.__file__).parent
    return {
        name
        for app in ("account", "mfa")
        for file in (sources / app).rglob("*.py")
        for name in re.findall(r'"((?:account|mfa)/email/\w+)"', file.read_text())
    }


def test_every_mail_that_can_be_sent_has_our_wording() -> None:
    sent = mails_of_allauth() - TURNED_OFF
    assert len(sent) > 10
    for name in sent:
        for part in ("subject", "message"):
            template = get_template(f"{name}_{part}.txt")
            assert "minigiants/web/templates" in str(template.origin)  # type: ignore[attr-defined]


@pytest.fixture
def owner(person: User) -> User:
    """`person`, with an address that HTML would write otherwise."""
    address = EmailAddress.objects.get(user=person)
    address.email = person.email = "ada.o'hara@example.org"
    address.save()
    person.save()
    return person


@pytest.fixture
def browser(owner: User) -> Client:
    """A client in which `owner` has just entered the password."""
    client = Client()
    done = client.post("/accounts/login/", {"login": owner.username, "password": PASSWORD})
    assert done.status_code == 302
    return client


def only_mail(mailbox: MailServer, *, to: str, subject: str) -> str:
    """The text of the one mail that there is."""
    (mail,) = mailbox.messages
    assert (mail["To"], mail["Subject"]) == (to, f"Minigiants: {subject}")
    mailbox.messages.clear()
    payload = mail.get_payload(decode=True)
    assert isinstance(payload, bytes)
    text = payload.decode().replace("\r\n", "\n")
    assert "Hello from" not in text
    assert "\n\n\n" not in text
    assert "&#" not in text
    return text


def notice(mailbox: MailServer, *, to: str, subject: str) -> str:
    """The one mail that there is, which tells of a change."""
    text = only_mail(mailbox, to=to, subject=subject)
    assert "from the address 127.0.0.1." in text
    assert "http://testserver/accounts/password/reset/" in text
    assert "http://testserver/settings/sessions/" in text
    return text


def path_in(text: str) -> str:
    found = re.search(r"^http://testserver(/\S+)$", text, re.MULTILINE)
    assert found is not None, text
    return found[1]


def test_signing_up(mailbox: MailServer) -> None:
    form = {"email": "grace@example.org", "username": "grace", "password1": NEW, "password2": NEW}
    Client().post("/accounts/signup/", form)
    text = only_mail(mailbox, to="grace@example.org", subject="Confirm your e-mail address")
    assert text.startswith("Welcome, grace.")
    assert "do nothing" in text
    Client().post(path_in(text))
    assert EmailAddress.objects.get(email="grace@example.org").verified


def test_signing_up_with_an_address_that_has_an_account(mailbox: MailServer, owner: User) -> None:
    form = {"email": owner.email, "username": "grace", "password1": NEW, "password2": NEW}
    Client().post("/accounts/signup/", form)
    text = only_mail(mailbox, to=owner.email, subject="You have an account already")
    assert owner.email in text
    assert path_in(text) == "/accounts/password/reset/"


def test_a_password_is_reset(mailbox: MailServer, owner: User) -> None:
    client = Client()
    client.post("/accounts/password/reset/", {"email": owner.email})
    text = only_mail(mailbox, to=owner.email, subject="Choose a new password")
    assert f"the password of {owner.username}" in text
    page = client.get(path_in(text), follow=True)
    client.post(page.redirect_chain[-1][0], {"password1": NEW, "password2": NEW})
    assert "link that was mailed" in notice(
        mailbox, to=owner.email, subject="Your password was reset"
    )


def test_a_password_is_changed(mailbox: MailServer, owner: User, browser: Client) -> None:
    form = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    browser.post("/accounts/password/change/", form)
    text = notice(mailbox, to=owner.email, subject="Your password was changed")
    assert text.startswith("Your account has a new password.\n\nIt was done on ")


def test_a_password_is_set(mailbox: MailServer, owner: User, browser: Client) -> None:
    owner.set_unusable_password()
    owner.save()
    browser.force_login(owner, "django.contrib.auth.backends.ModelBackend")
    browser.post("/accounts/password/set/", {"password1": NEW, "password2": NEW})
    notice(mailbox, to=owner.email, subject="Your password was set")


def test_another_address(mailbox: MailServer, owner: User, browser: Client) -> None:
    before, after = owner.email, "ada@example.com"
    browser.post("/accounts/email/", {"action_add": "", "email": after})
    text = only_mail(mailbox, to=after, subject="Confirm your e-mail address")
    assert text.startswith(f"{owner.username} says that {after} is their address.")
    browser.post(path_in(text))

    browser.post("/accounts/email/", {"action_primary": "", "email": after})
    text = notice(mailbox, to=before, subject="Your e-mail address was changed")
    assert f"to {after} from now on, and no longer to {before}." in text

    browser.post("/accounts/email/", {"action_remove": "", "email": before})
    text = notice(mailbox, to=after, subject="An e-mail address was removed")
    assert text.startswith(before)


def test_a_second_factor(mailbox: MailServer, owner: User, browser: Client) -> None:
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD})
    browser.get("/accounts/2fa/totp/activate/")
    secret = browser.session["mfa.totp.secret"]
    code = format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))
    browser.post("/accounts/2fa/totp/activate/", {"code": code})
    notice(mailbox, to=owner.email, subject="Two-factor log-in is on")

    browser.post("/accounts/2fa/recovery-codes/generate/")
    notice(mailbox, to=owner.email, subject="You have new recovery codes")

    browser.post("/accounts/2fa/totp/deactivate/")
    notice(mailbox, to=owner.email, subject="Two-factor log-in is off")
    assert not Authenticator.objects.exists()


def test_a_change_stands_while_the_mail_server_is_away(
    settings: Settings, owner: User, browser: Client
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    form = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    assert browser.post("/accounts/password/change/", form).status_code == 302
    owner.refresh_from_db()
    assert owner.check_password(NEW)
