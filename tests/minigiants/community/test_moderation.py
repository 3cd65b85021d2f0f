"""Reports, hiding, locking and pinning: by moderators alone, and written down."""

import pytest

from minigiants.accounts.models import User
from minigiants.community.announcements import (
    ANNOUNCED_EVENT,
    announcement_publish,
    announcement_withdraw,
)
from minigiants.community.limits import REPORTS
from minigiants.community.models import Post, PostReport, Thread
from minigiants.community.moderation import (
    post_hide,
    post_report,
    post_show,
    report_dismiss,
    thread_lock,
    thread_pin,
)
from minigiants.community.problems import PostingTooFast
from minigiants.community.selectors import (
    announcement_list,
    open_reports,
    thread_get,
    thread_list,
)
from minigiants.community.threads import reply_create, thread_create
from minigiants.competitions.models import Competition, Host
from minigiants.core.models import AuditEntry, OutboxEvent
from minigiants.core.problems import InvalidInput, NotFound, NotPermitted
from minigiants.notifications.models import Notice
from tests.support.factories import CompetitionFactory, TeamFactory, UserFactory, member_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def competition() -> Competition:
    return CompetitionFactory()


@pytest.fixture
def host(competition: Competition) -> User:
    user = UserFactory()
    Host.objects.create(competition=competition, user=user, role=Host.Role.ORGANIZER)
    return user


@pytest.fixture
def thread(competition: Competition) -> Thread:
    return thread_create(user=UserFactory(), competition=competition, title="t", body="opening")


@pytest.fixture
def reply(thread: Thread) -> Post:
    return reply_create(user=UserFactory(), thread_id=thread.pk, body="a reply")


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("id").values_list("action", flat=True))


def test_a_hidden_post_keeps_its_place_and_its_author_hears_why(
    thread: Thread, reply: Post, host: User
) -> None:
    post_hide(user=host, post_id=reply.pk, reason="Not about this")
    post_hide(user=host, post_id=reply.pk, reason="Once is enough")
    thread.refresh_from_db()
    assert thread.replies == 0
    notice = Notice.objects.get(user=reply.author, kind="moderation")
    assert "Not about this" in notice.text
    assert actions() == ["post.hide"]
    post_show(user=host, post_id=reply.pk)
    thread.refresh_from_db()
    assert thread.replies == 1
    assert actions() == ["post.hide", "post.show"]


def test_a_thread_is_hidden_with_its_first_post(thread: Thread, host: User) -> None:
    opening = thread.posts.get()
    post_hide(user=host, post_id=opening.pk, reason="Spam")
    assert not thread_list(user=None, competition=thread.competition).exists()
    with pytest.raises(NotFound):
        thread_get(user=thread.author, thread_id=thread.pk)
    assert thread_get(user=host, thread_id=thread.pk) == thread
    post_show(user=host, post_id=opening.pk)
    assert thread_list(user=None, competition=thread.competition).exists()


def test_only_hosts_and_staff_moderate(thread: Thread, reply: Post) -> None:
    elsewhere = UserFactory()
    Host.objects.create(competition=CompetitionFactory(), user=elsewhere, role=Host.Role.OWNER)
    for user in (UserFactory(), reply.author, elsewhere, UserFactory(is_staff=False)):
        for deed in (
            lambda user=user: post_hide(user=user, post_id=reply.pk, reason="x"),
            lambda user=user: post_show(user=user, post_id=reply.pk),
            lambda user=user: thread_lock(user=user, thread_id=thread.pk, locked=True),
            lambda user=user: thread_pin(user=user, thread_id=thread.pk, pinned=True),
            lambda user=user: announcement_publish(
                user=user, competition=thread.competition, title="t", body="b"
            ),
        ):
            with pytest.raises(NotPermitted):
                deed()
    assert thread_pin(user=UserFactory(is_staff=True), thread_id=thread.pk, pinned=True).is_pinned
    assert actions() == ["thread.pin"]


def test_pinned_threads_come_first(thread: Thread, host: User) -> None:
    newer = thread_create(user=host, competition=thread.competition, title="newer", body="b")
    assert list(thread_list(user=None, competition=thread.competition)) == [newer, thread]
    thread_pin(user=host, thread_id=thread.pk, pinned=True)
    assert list(thread_list(user=None, competition=thread.competition)) == [thread, newer]


def test_a_report_reaches_the_hosts_and_is_closed_by_either_ruling(
    reply: Post, host: User, competition: Competition
) -> None:
    reporter = UserFactory()
    report = post_report(user=reporter, post_id=reply.pk, reason="Rude")
    assert post_report(user=reporter, post_id=reply.pk, reason="Rude!") == report
    assert Notice.objects.get(kind="moderation").user == host
    with pytest.raises(NotPermitted):
        report_dismiss(user=reporter, report_id=report.pk)
    assert report_dismiss(user=host, report_id=report.pk).resolved_by == host
    post_report(user=UserFactory(), post_id=reply.pk, reason="Rude indeed")
    assert open_reports(competition).count() == 1
    post_hide(user=host, post_id=reply.pk, reason="Rude")
    assert not open_reports(competition).exists()
    with pytest.raises(NotFound):
        post_report(user=UserFactory(), post_id=reply.pk, reason="Still rude")


def test_without_hosts_reports_reach_the_staff(reply: Post) -> None:
    staff = UserFactory(is_staff=True)
    post_report(user=UserFactory(), post_id=reply.pk, reason="Rude")
    assert Notice.objects.get(kind="moderation").user == staff


def test_reports_are_limited(reply: Post) -> None:
    reporter = UserFactory()
    PostReport.objects.bulk_create(
        PostReport(
            post=Post.objects.create(thread=reply.thread, author=reply.author, body="b"),
            reporter=reporter,
            reason="r",
        )
        for _ in range(REPORTS[0][0])
    )
    with pytest.raises(PostingTooFast):
        post_report(user=reporter, post_id=reply.pk, reason="Rude")
    with pytest.raises(InvalidInput):
        post_report(user=UserFactory(), post_id=reply.pk, reason=" ")


def test_an_announcement_reaches_all_who_take_part(competition: Competition, host: User) -> None:
    people = [member_of(TeamFactory(competition=competition)) for _ in range(3)]
    TeamFactory()  # elsewhere
    announcement = announcement_publish(
        user=host, competition=competition, title="More data", body="There is **more**."
    )
    assert list(announcement_list(competition)) == [announcement]
    told = Notice.objects.filter(kind="announcement")
    assert set(told.values_list("user", flat=True)) == {person.pk for person in people}
    assert OutboxEvent.objects.filter(kind=ANNOUNCED_EVENT).count() == 1
    with pytest.raises(NotPermitted):
        announcement_withdraw(user=people[0], announcement_id=announcement.pk)
    announcement_withdraw(user=host, announcement_id=announcement.pk)
    assert not announcement_list(competition).exists()
    assert actions() == ["announcement.publish", "announcement.withdraw"]
