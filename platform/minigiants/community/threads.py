"""Writing in discussions: threads, replies, changes to one's own posts, subscriptions."""

from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from minigiants.accounts.models import User
from minigiants.accounts.preferences import MailKind
from minigiants.community.limits import lock_writer, require_posting_room, require_thread_room
from minigiants.community.models import Post, Subscription, Thread
from minigiants.community.policies import may_moderate
from minigiants.community.problems import PostGone, ThreadLocked
from minigiants.community.selectors import post_get, thread_get
from minigiants.community.texts import clean_body, clean_title, excerpt
from minigiants.competitions.models import Competition
from minigiants.competitions.selectors import competition_get
from minigiants.core.audit import audit_write
from minigiants.core.outbox import outbox_write
from minigiants.core.problems import NotPermitted
from minigiants.notifications.notices import notices_send

POSTED_EVENT = "discussion.posted"


@transaction.atomic
def thread_create(*, user: User, competition: Competition, title: str, body: str) -> Thread:
    """Open a thread; its author subscribes to it.

    Raises NotFound, InvalidInput, PostingTooFast.
    """
    competition_get(slug=competition.slug, user=user)
    title, body = clean_title(title), clean_body(body)
    lock_writer(user)
    if not may_moderate(user=user, competition=competition):
        require_thread_room(user)
        require_posting_room(user)
    thread = Thread.objects.create(
        competition=competition, author=user, title=title, last_post_at=timezone.now()
    )
    post = Post.objects.create(thread=thread, author=user, body=body, is_opening=True)
    Subscription.objects.create(thread=thread, user=user)
    _tell(post)
    return thread


@transaction.atomic
def reply_create(*, user: User, thread_id: UUID, body: str) -> Post:
    """Reply in a thread, subscribe to it, and tell those who have.

    Moderators may reply in locked threads too. Raises NotFound, InvalidInput, ThreadLocked,
    PostingTooFast.
    """
    found = thread_get(user=user, thread_id=thread_id)
    body = clean_body(body)
    lock_writer(user)
    thread = Thread.objects.select_for_update(no_key=True).get(pk=found.pk)
    if not may_moderate(user=user, competition=found.competition):
        if thread.locked_at is not None:
            raise ThreadLocked(f"“{thread.title}” is locked.")
        require_posting_room(user)
    post = Post.objects.create(thread=found, author=user, body=body)
    Thread.objects.filter(pk=thread.pk).update(
        replies=F("replies") + 1, last_post_at=post.created_at
    )
    readers = User.objects.filter(subscriptions__thread=thread, is_active=True)
    notices_send(
        users=readers.exclude(pk=user.pk),
        kind=MailKind.REPLY,
        competition=found.competition,
        title=f"{user.username} replied in “{thread.title}”",
        text=excerpt(body),
        path=f"{thread_path(found)}#post-{post.pk}",
    )
    Subscription.objects.get_or_create(thread=thread, user=user)
    _tell(post)
    return post


@transaction.atomic
def post_edit(*, user: User, post_id: UUID, body: str) -> Post:
    """Change one's own post, which then says so. Raises NotFound, NotPermitted, PostGone,
    ThreadLocked, InvalidInput.
    """
    post = _own(user, post_id)
    body = clean_body(body)
    if body != post.body:
        post.body, post.edited_at = body, timezone.now()
        post.save(update_fields=["body", "edited_at"])
        audit_write(actor=user, action="post.edit", target=post)
    return post


@transaction.atomic
def post_delete(*, user: User, post_id: UUID) -> Post:
    """Delete one's own post: its text is gone, its place stays. With the post that opened it, a
    thread without replies goes too. Raises NotFound, NotPermitted, PostGone, ThreadLocked.
    """
    post = _own(user, post_id)
    now = timezone.now()
    post.body, post.deleted_at = "", now
    post.save(update_fields=["body", "deleted_at"])
    if not post.is_opening:
        Thread.objects.filter(pk=post.thread_id).update(replies=F("replies") - 1)
    elif post.thread.replies == 0:
        Thread.objects.filter(pk=post.thread_id).update(hidden_at=now)
    audit_write(actor=user, action="post.delete", target=post)
    return post


def subscription_set(*, user: User, thread_id: UUID, wanted: bool) -> None:
    """Hear of new replies in a thread, or don't. Raises NotFound."""
    thread = thread_get(user=user, thread_id=thread_id)
    if wanted:
        Subscription.objects.get_or_create(thread=thread, user=user)
    else:
        Subscription.objects.filter(thread=thread, user=user).delete()


def thread_path(thread: Thread) -> str:
    """Where a thread is read."""
    return f"/competitions/{thread.competition.slug}/discussion/{thread.pk}/"


def _own(user: User, post_id: UUID) -> Post:
    found = post_get(user=user, post_id=post_id)
    thread = Thread.objects.select_for_update(no_key=True).get(pk=found.thread_id)
    post = Post.objects.select_for_update(no_key=True).get(pk=found.pk)
    if post.author_id != user.pk:
        raise NotPermitted("This is not your post.", mend="")
    if not post.is_visible:
        raise PostGone("It can't be changed any more.")
    if thread.locked_at is not None and not may_moderate(
        user=user, competition=found.thread.competition
    ):
        raise ThreadLocked(f"“{thread.title}” is locked.")
    post.thread = thread
    return post


def _tell(post: Post) -> None:
    outbox_write(kind=POSTED_EVENT, payload={"thread": str(post.thread_id), "post": str(post.pk)})
