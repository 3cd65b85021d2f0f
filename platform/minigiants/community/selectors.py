"""Reading discussions and announcements."""

from uuid import UUID

from django.db.models import QuerySet

from minigiants.accounts.models import User
from minigiants.community.models import Announcement, Post, PostReport, Subscription, Thread
from minigiants.community.policies import may_moderate
from minigiants.competitions.models import Competition
from minigiants.competitions.policies import Viewer, may_see
from minigiants.core.problems import NotFound


def thread_list(*, user: Viewer, competition: Competition) -> QuerySet[Thread]:
    """The threads of a competition, pinned ones first, then those with the newest posts.

    Hidden ones are for moderators alone.
    """
    threads = Thread.objects.filter(competition=competition).select_related("author")
    if may_moderate(user=user, competition=competition):
        return threads
    return threads.filter(hidden_at__isnull=True)


def thread_get(*, user: Viewer, thread_id: UUID) -> Thread:
    """A thread of a competition that `user` may see. Raises NotFound."""
    thread = (
        Thread.objects.select_related("competition__current_version", "author")
        .filter(pk=thread_id)
        .first()
    )
    if (
        thread is None
        or not may_see(user=user, competition=thread.competition)
        or (
            thread.hidden_at is not None
            and not may_moderate(user=user, competition=thread.competition)
        )
    ):
        raise NotFound("There is no such thread.")
    return thread


def post_list(thread: Thread) -> QuerySet[Post]:
    """All posts of a thread in order; what was hidden or deleted keeps its place."""
    return thread.posts.select_related("author").order_by("id")


def post_get(*, user: Viewer, post_id: UUID) -> Post:
    """A post of a thread that `user` may see. Raises NotFound."""
    post = Post.objects.select_related("author").filter(pk=post_id).first()
    if post is None:
        raise NotFound("There is no such post.")
    post.thread = thread_get(user=user, thread_id=post.thread_id)
    return post


def is_subscribed(*, user: Viewer, thread: Thread) -> bool:
    """Whether `user` hears of new replies."""
    return isinstance(user, User) and Subscription.objects.filter(thread=thread, user=user).exists()


def open_reports(competition: Competition) -> QuerySet[PostReport]:
    """What was reported and nobody has looked at yet, the oldest first."""
    return PostReport.objects.filter(
        post__thread__competition=competition, resolved_at__isnull=True
    ).select_related("post__thread", "post__author", "reporter")


def announcement_list(competition: Competition) -> QuerySet[Announcement]:
    """What the hosts have announced, the newest first."""
    return Announcement.objects.filter(
        competition=competition, withdrawn_at__isnull=True
    ).select_related("author")
