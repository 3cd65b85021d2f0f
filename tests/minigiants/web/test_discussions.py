"""Pages of discussions, announcements and notices, for readers, writers and moderators."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.test import Client

from minigiants.accounts.models import User
from minigiants.community.announcements import announcement_publish
from minigiants.community.models import Announcement, Post, PostReport, Thread
from minigiants.community.moderation import post_hide, post_report, thread_lock
from minigiants.community.threads import reply_create, thread_create
from minigiants.competitions.models import Competition, Host
from minigiants.notifications.models import Notice
from minigiants.teams.models import Team
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db
LIST = "/competitions/digits/discussion/"
ANNOUNCEMENTS = "/competitions/digits/announcements/"
BELL = '<span class="count">1<span'
Counted = Callable[[int], AbstractContextManager[Any]]


@pytest.fixture
def host(competition: Competition) -> User:
    user = UserFactory(username="host")
    Host.objects.create(competition=competition, user=user, role=Host.Role.OWNER)
    return user


@pytest.fixture
def hosting(host: User) -> Client:
    client = Client()
    client.force_login(host)
    return client


@pytest.fixture
def thread(competition: Competition) -> Thread:
    return thread_create(
        user=UserFactory(username="grace"),
        competition=competition,
        title="<b>How</b>?",
        body="Let $x$ be `code`.\n\n<script>alert(1)</script>",
    )


def change(client: Client, thread: Thread, action: str, **values: object) -> str:
    answer = client.post(f"{LIST}{thread.pk}/{action}/", values, follow=True)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_anybody_reads_and_nothing_runs(client: Client, thread: Thread) -> None:
    assert "&lt;b&gt;How&lt;/b&gt;?" in client.get(LIST).text
    text = client.get(f"{LIST}{thread.pk}/").text
    assert "<math" in text
    assert "<code>code</code>" in text
    assert "<script>alert" not in text
    assert "Log in to reply" in text
    assert client.get("/competitions/digits/discussion/new/").status_code == 302
    assert client.post(f"{LIST}{thread.pk}/reply/", {"body": "x"}).status_code == 302


def test_a_conversation(logged_in: Client, competition: Competition, person: User) -> None:
    answer = logged_in.post(f"{LIST}new/", {"title": "Hello", "body": "First"}, follow=True)
    thread = Thread.objects.get()
    assert answer.redirect_chain[-1][0] == f"{LIST}{thread.pk}/"
    assert "Your reply is there" in change(logged_in, thread, "reply", body="Second")
    second = Post.objects.get(is_opening=False)
    edited = logged_in.post(f"{LIST}posts/{second.pk}/", {"body": "Third"}, follow=True)
    assert "Third" in edited.text
    assert "edited" in edited.text
    assert "is deleted" in change(logged_in, thread, "delete", post=second.pk)
    assert "Deleted by its author" in logged_in.get(f"{LIST}{thread.pk}/").text
    assert "no more of this thread" in change(logged_in, thread, "unfollow")
    assert "hear of new replies" in change(logged_in, thread, "follow")
    change(logged_in, thread, "delete", post=thread.posts.order_by("id")[0].pk)
    assert logged_in.get(f"{LIST}{thread.pk}/").status_code == 404


def test_what_fails_is_told_and_what_was_written_stays(
    logged_in: Client, thread: Thread, host: User
) -> None:
    thread_lock(user=host, thread_id=thread.pk, locked=True)
    answer = logged_in.post(f"{LIST}{thread.pk}/reply/", {"body": "A long text"})
    assert answer.status_code == 409
    assert "takes no more replies" in answer.text
    assert logged_in.post(f"{LIST}{thread.pk}/pin/").status_code == 403
    assert logged_in.post(f"{LIST}{thread.pk}/hide/", {"post": "x"}).status_code == 422
    assert logged_in.post(f"{LIST}{thread.pk}/nonsense/").status_code == 404
    assert logged_in.post(f"{LIST}new/", {"title": "", "body": ""}).status_code == 200


def test_a_participant_reports_and_a_host_hides(
    logged_in: Client, hosting: Client, thread: Thread
) -> None:
    post = thread.posts.get()
    assert "Report this post?" in logged_in.get(f"{LIST}posts/{post.pk}/").text
    assert "will look at it" in change(logged_in, thread, "report", post=post.pk, reason="Rude")
    assert logged_in.get(f"{LIST}reports/").status_code == 403
    assert "Rude" in hosting.get(f"{LIST}reports/").text
    assert "Hide this post?" in hosting.get(f"{LIST}posts/{post.pk}/").text
    change(hosting, thread, "hide", post=post.pk, reason="Rude indeed")
    assert logged_in.get(f"{LIST}{thread.pk}/").status_code == 404
    text = hosting.get(f"{LIST}{thread.pk}/").text
    assert "Rude indeed" in text
    assert "Nothing to look at" in hosting.get(f"{LIST}reports/").text
    assert "can read the post again" in change(hosting, thread, "show", post=post.pk)


def test_a_reason_is_for_the_author_and_moderators_alone(
    client: Client, logged_in: Client, thread: Thread, host: User
) -> None:
    reply = reply_create(user=UserFactory(), thread_id=thread.pk, body="SECRET text")
    post_hide(user=host, post_id=reply.pk, reason="SECRET reason")
    for reader in (Client(), logged_in):
        text = reader.get(f"{LIST}{thread.pk}/").text
        assert "Hidden by a moderator" in text
        assert "SECRET" not in text
    client.force_login(reply.author)
    text = client.get(f"{LIST}{thread.pk}/").text
    assert "SECRET reason" in text
    assert "SECRET text" not in text


def test_a_host_lets_a_reported_post_stay(hosting: Client, thread: Thread) -> None:
    report = post_report(user=UserFactory(), post_id=thread.posts.get().pk, reason="Rude")
    answer = hosting.post(f"{LIST}reports/{report.pk}/dismiss/", follow=True)
    assert "the post stays" in answer.text
    assert PostReport.objects.get().resolved_at is not None


def test_hosts_pin_and_carry_a_badge(hosting: Client, client: Client, thread: Thread) -> None:
    for action, told in (("pin", "at the top"), ("lock", "no more replies")):
        assert told in change(hosting, thread, action)
    change(hosting, thread, "reply", body="From the host")
    text = client.get(f"{LIST}{thread.pk}/").text
    assert text.count(">Host</span>") == 1
    assert "Pinned" in client.get(LIST).text
    change(hosting, thread, "unpin")
    change(hosting, thread, "unlock")
    assert "Pinned" not in client.get(LIST).text


def test_threads_of_another_competition_are_not_here(client: Client, thread: Thread) -> None:
    from tests.support.factories import CompetitionFactory

    CompetitionFactory(slug="other")
    assert client.get(f"/competitions/other/discussion/{thread.pk}/").status_code == 404


def test_hosts_announce_and_participants_are_noticed(
    hosting: Client, logged_in: Client, client: Client, team: Team
) -> None:
    assert "Announce something" not in logged_in.get(ANNOUNCEMENTS).text
    form = {"title": "More data", "body": "There is **more**."}
    assert logged_in.post(ANNOUNCEMENTS, form).status_code == 403
    assert "It is announced" in hosting.post(ANNOUNCEMENTS, form, follow=True).text
    assert "<strong>more</strong>" in client.get(ANNOUNCEMENTS).text
    page = logged_in.get("/notices/").text
    assert "Tiny digits: More data" in page
    assert BELL in page
    answer = logged_in.post(f"/notices/{Notice.objects.get().pk}/")
    assert answer["Location"] == ANNOUNCEMENTS
    assert BELL not in logged_in.get("/notices/").text
    withdrawn = hosting.post(f"{ANNOUNCEMENTS}{Announcement.objects.get().pk}/withdraw/")
    assert withdrawn.status_code == 302
    assert "Nothing is announced" in client.get(ANNOUNCEMENTS).text


def test_notices_are_one_s_own(logged_in: Client, host: User, competition: Competition) -> None:
    announcement_publish(user=host, competition=competition, title="t", body="b")
    notice = Notice.objects.create(user=host, kind="team", title="theirs", text="", path="/")
    assert "theirs" not in logged_in.get("/notices/").text
    assert logged_in.post(f"/notices/{notice.pk}/").status_code == 404
    assert logged_in.post("/notices/read/").status_code == 302
    notice.refresh_from_db()
    assert notice.read_at is None


def test_pages_cost_the_same_however_much_is_said(
    client: Client, thread: Thread, django_assert_num_queries: Counted
) -> None:
    for number in range(3):
        reply_create(user=UserFactory(), thread_id=thread.pk, body=f"{number}")
        thread_create(
            user=UserFactory(), competition=thread.competition, title=f"{number}", body="b"
        )
    with django_assert_num_queries(4):
        client.get(LIST)
    with django_assert_num_queries(5):
        client.get(f"{LIST}{thread.pk}/")
