"""Notices on the site and by mail, and ending mails in one click."""

import re

import pytest
from django.core import mail
from django.test import Client

from minigiants.accounts.models import User
from minigiants.accounts.preferences import FIELDS, MailKind, mails_choose, mails_wanted
from minigiants.competitions.models import Competition
from minigiants.core.problems import NotFound
from minigiants.notifications.mails import person_mail, unsubscribe, unsubscribe_token
from minigiants.notifications.notices import (
    BATCH,
    notice_list,
    notice_read,
    notices_read_all,
    notices_send,
    unread_count,
)
from minigiants.notifications.services import outbox_deliver
from tests.support.factories import CompetitionFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def competition() -> Competition:
    return CompetitionFactory()


@pytest.fixture
def ada() -> User:
    return UserFactory(username="ada")


def tell(competition: Competition, *users: User, title: str = "A reply") -> None:
    notices_send(
        users=users,
        kind=MailKind.REPLY,
        competition=competition,
        title=title,
        text="What was said",
        path="/competitions/x/discussion/",
    )


def test_a_notice_is_there_and_mailed_once(competition: Competition, ada: User) -> None:
    tell(competition, ada)
    assert unread_count(ada) == 1
    assert outbox_deliver() == 1
    assert outbox_deliver() == 0
    (message,) = mail.outbox
    assert message.to == [ada.email]
    assert "What was said" in str(message.body)
    assert "http://testserver/competitions/x/discussion/" in str(message.body)


def test_a_title_can_not_forge_headers(competition: Competition, ada: User) -> None:
    tell(competition, ada, title="A\nBcc: everybody@example.org")
    outbox_deliver()
    (message,) = mail.outbox
    assert message.subject == "Minigiants: A Bcc: everybody@example.org"
    assert message.bcc == []


def test_mails_that_are_not_wanted_are_not_sent(competition: Competition, ada: User) -> None:
    mails_choose(user=ada, choices={MailKind.REPLY: False})
    inactive = UserFactory(is_active=False)
    tell(competition, ada, inactive)
    outbox_deliver()
    assert mail.outbox == []
    assert unread_count(ada) == 1


def test_many_are_told_in_batches(competition: Competition) -> None:
    people = [UserFactory() for _ in range(BATCH + 1)]
    tell(competition, *people)
    assert outbox_deliver() == 2
    assert len(mail.outbox) == len(people)


def test_reading(competition: Competition, ada: User) -> None:
    tell(competition, ada)
    tell(competition, ada, title="Another")
    newest, oldest = notice_list(ada)
    assert (newest.title, oldest.title) == ("Another", "A reply")
    with pytest.raises(NotFound):
        notice_read(user=UserFactory(), notice_id=oldest.pk)
    notice_read(user=ada, notice_id=oldest.pk)
    assert unread_count(ada) == 1
    assert notices_read_all(user=ada) == 1
    assert unread_count(ada) == 0


def test_what_is_private_is_told_to_nobody_who_may_not_see_it(ada: User) -> None:
    hidden = CompetitionFactory()
    hidden.current_version = None
    hidden.save()
    tell(hidden, ada)
    assert unread_count(ada) == 0


@pytest.mark.parametrize("kind", list(MailKind))
def test_each_kind_ends_with_its_own_link(ada: User, kind: MailKind, client: Client) -> None:
    mails_choose(user=ada, choices=dict.fromkeys(MailKind, True))
    ada.refresh_from_db()
    assert person_mail(person=ada, kind=kind, subject="s", body="b")
    header = mail.outbox[0].extra_headers["List-Unsubscribe"]
    found = re.fullmatch(r"<http://testserver(/unsubscribe/\S+/)>", header)
    assert found is not None
    assert mail.outbox[0].extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    # Whatever looks at links in mails ends nothing.
    assert kind.label in client.get(found[1]).text.replace("&#x27;", "'")
    ada.refresh_from_db()
    assert mails_wanted(ada)[kind]
    one_click = Client(enforce_csrf_checks=True)
    answer = one_click.post(found[1], {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    ada.refresh_from_db()
    assert [other for other, wanted in mails_wanted(ada).items() if not wanted] == [kind]
    assert not person_mail(person=ada, kind=kind, subject="s", body="b")


def test_a_link_that_is_not_whole_ends_nothing(ada: User, client: Client) -> None:
    token = unsubscribe_token(ada, MailKind.REPLY)
    for broken in (token[:-1], "nonsense", token.replace(":", "", 1)):
        with pytest.raises(NotFound):
            unsubscribe(token=broken)
        assert client.post(f"/unsubscribe/{broken}/").status_code == 404
    ada.refresh_from_db()
    assert mails_wanted(ada)[MailKind.REPLY]


def test_every_kind_has_a_column() -> None:
    assert set(FIELDS) == set(MailKind)
    assert all(hasattr(User, field) for field in FIELDS.values())
