"""Writing in discussions: what is kept, who is told, and how much is too much."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from minigiants.accounts.models import User
from minigiants.community.limits import POSTS, THREADS
from minigiants.community.models import BODY_CHARACTERS, Post, Subscription, Thread
from minigiants.community.moderation import post_hide, thread_lock
from minigiants.community.problems import PostGone, PostingTooFast, ThreadLocked
from minigiants.community.selectors import post_list, thread_get, thread_list
from minigiants.community.threads import (
    POSTED_EVENT,
    post_delete,
    post_edit,
    reply_create,
    subscription_set,
    thread_create,
)
from minigiants.competitions.models import Competition, Host
from minigiants.core.models import OutboxEvent
from minigiants.core.problems import InvalidInput, NotFound, NotPermitted
from minigiants.notifications.models import Notice
from tests.support.factories import CompetitionFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def competition() -> Competition:
    return CompetitionFactory()


@pytest.fixture
def author() -> User:
    return UserFactory(username="ada")


@pytest.fixture
def host(competition: Competition) -> User:
    user = UserFactory()
    Host.objects.create(competition=competition, user=user, role=Host.Role.OWNER)
    return user


@pytest.fixture
def thread(competition: Competition, author: User) -> Thread:
    return thread_create(
        user=author, competition=competition, title=" How  so? ", body="It is\r\n$x$."
    )


def test_a_thread_begins_with_its_post_and_its_author_follows(thread: Thread, author: User) -> None:
    (post,) = post_list(thread)
    assert (thread.title, post.body, post.is_opening) == ("How so?", "It is\n$x$.", True)
    assert thread.replies == 0
    assert Subscription.objects.get().user == author
    assert OutboxEvent.objects.filter(kind=POSTED_EVENT).count() == 1


def test_a_reply_is_counted_and_told_to_followers_but_its_author(
    thread: Thread, author: User
) -> None:
    grace, alan = UserFactory(username="grace"), UserFactory()
    subscription_set(user=alan, thread_id=thread.pk, wanted=True)
    reply = reply_create(user=grace, thread_id=thread.pk, body="Like this.")
    thread.refresh_from_db()
    assert (thread.replies, thread.last_post_at) == (1, reply.created_at)
    assert set(Notice.objects.values_list("user", flat=True)) == {author.pk, alan.pk}
    notice = Notice.objects.filter(user=author).get()
    assert notice.title == "grace replied in “How so?”"
    assert notice.path.endswith(f"#post-{reply.pk}")
    subscription_set(user=author, thread_id=thread.pk, wanted=False)
    reply_create(user=alan, thread_id=thread.pk, body="Or so.")
    assert not Notice.objects.filter(user=author).exclude(pk=notice.pk).exists()
    assert Notice.objects.filter(user=grace).exists()


@pytest.mark.parametrize("body", ["", "  \n", "x" * (BODY_CHARACTERS + 1), "a\0b"])
def test_texts_that_can_not_be_kept_are_refused(thread: Thread, author: User, body: str) -> None:
    with pytest.raises(InvalidInput):
        reply_create(user=author, thread_id=thread.pk, body=body)
    assert thread.posts.count() == 1


def test_one_edits_and_deletes_one_s_own_posts_alone(thread: Thread, author: User) -> None:
    other = UserFactory()
    reply = reply_create(user=other, thread_id=thread.pk, body="before")
    with pytest.raises(NotPermitted):
        post_edit(user=author, post_id=reply.pk, body="after")
    with pytest.raises(NotPermitted):
        post_delete(user=author, post_id=reply.pk)
    assert post_edit(user=other, post_id=reply.pk, body="before").edited_at is None
    assert post_edit(user=other, post_id=reply.pk, body="after").edited_at is not None
    post_delete(user=other, post_id=reply.pk)
    thread.refresh_from_db()
    assert (Post.objects.get(pk=reply.pk).body, thread.replies) == ("", 0)
    with pytest.raises(PostGone):
        post_edit(user=other, post_id=reply.pk, body="again")


def test_a_thread_goes_with_its_first_post_unless_somebody_has_replied(
    thread: Thread, author: User
) -> None:
    opening = thread.posts.get()
    reply = reply_create(user=UserFactory(), thread_id=thread.pk, body="A reply")
    post_delete(user=author, post_id=opening.pk)
    assert list(thread_list(user=None, competition=thread.competition)) == [thread]
    second = thread_create(user=author, competition=thread.competition, title="t", body="b")
    post_delete(user=author, post_id=second.posts.get().pk)
    assert list(thread_list(user=None, competition=thread.competition)) == [thread]
    with pytest.raises(NotFound):
        thread_get(user=None, thread_id=second.pk)
    assert post_list(thread)[1] == reply


def test_a_locked_thread_takes_what_moderators_say_alone(
    thread: Thread, author: User, host: User
) -> None:
    thread_lock(user=host, thread_id=thread.pk, locked=True)
    with pytest.raises(ThreadLocked):
        reply_create(user=author, thread_id=thread.pk, body="One more thing")
    with pytest.raises(ThreadLocked):
        post_edit(user=author, post_id=thread.posts.get().pk, body="Changed")
    reply_create(user=host, thread_id=thread.pk, body="That was it.")
    thread_lock(user=host, thread_id=thread.pk, locked=False)
    reply_create(user=author, thread_id=thread.pk, body="Thanks")


def test_hidden_posts_can_not_be_changed_by_their_author(
    thread: Thread, author: User, host: User
) -> None:
    reply = reply_create(user=author, thread_id=thread.pk, body="Rude")
    post_hide(user=host, post_id=reply.pk, reason="Rude")
    with pytest.raises(PostGone):
        post_edit(user=author, post_id=reply.pk, body="Polite")
    with pytest.raises(PostGone):
        post_delete(user=author, post_id=reply.pk)


def test_who_writes_much_waits_and_hosts_do_not(thread: Thread, author: User, host: User) -> None:
    count, span = POSTS[0]
    for number in range(count - 1):  # the thread's own is the first
        reply_create(user=author, thread_id=thread.pk, body=f"{number}")
        reply_create(user=host, thread_id=thread.pk, body=f"{number}")
    with pytest.raises(PostingTooFast) as told:
        reply_create(user=author, thread_id=thread.pk, body="one more")
    assert 0 < told.value.extra["retry_after"] <= span.total_seconds()
    reply_create(user=host, thread_id=thread.pk, body="one more")
    Post.objects.filter(author=author).update(created_at=timezone.now() - span)
    reply_create(user=author, thread_id=thread.pk, body="one more")


def test_threads_are_fewer_still(competition: Competition, author: User) -> None:
    for number in range(THREADS[0][0]):
        thread_create(user=author, competition=competition, title=f"{number}", body="b")
        Post.objects.update(created_at=timezone.now() - timedelta(hours=1))
    with pytest.raises(PostingTooFast):
        thread_create(user=author, competition=competition, title="more", body="b")


@pytest.mark.django_db(transaction=True)
def test_many_replies_at_once_are_counted_once_each_and_limited() -> None:
    competition, author = CompetitionFactory(), UserFactory()
    thread = thread_create(user=author, competition=competition, title="t", body="b")
    writer = UserFactory()

    def write(number: int) -> bool:
        try:
            reply_create(user=writer, thread_id=thread.pk, body=f"{number}")
        except PostingTooFast:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(6) as pool:
        written = sum(pool.map(write, range(POSTS[0][0] + 4)))
    thread.refresh_from_db()
    assert written == thread.replies == POSTS[0][0]
