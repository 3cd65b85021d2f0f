"""What webhooks of a competition's hosts hear of its discussions and announcements."""

from django.conf import settings

from minigiants.community.announcements import ANNOUNCED_EVENT
from minigiants.community.models import Announcement, Post
from minigiants.community.threads import POSTED_EVENT, thread_path
from minigiants.core.models import OutboxEvent
from minigiants.notifications.webhook_events import Audience, EventKind, Told, register


def _tell_announcement(event: OutboxEvent) -> Told:
    announcement = Announcement.objects.select_related("competition", "author").get(
        pk=event.payload["announcement"]
    )
    slug = announcement.competition.slug
    return Told(
        {
            "competition": slug,
            "title": announcement.title,
            "author": announcement.author.username,
            "url": f"{settings.BASE_URL}/competitions/{slug}/announcements/",
        },
        competition_id=announcement.competition_id,
    )


def _tell_post(event: OutboxEvent) -> Told:
    """That somebody wrote, and where; the text may be edited or hidden meanwhile."""
    post = Post.objects.select_related("thread__competition", "author").get(
        pk=event.payload["post"]
    )
    return Told(
        {
            "competition": post.thread.competition.slug,
            "thread": post.thread.title,
            "author": post.author.username,
            "url": f"{settings.BASE_URL}{thread_path(post.thread)}#post-{post.pk}",
        },
        competition_id=post.thread.competition_id,
    )


def register_kinds() -> None:
    """Let webhooks hear of them, once Django is ready."""
    hosts = frozenset({Audience.HOSTS})
    register(
        EventKind(ANNOUNCED_EVENT, "The hosts have announced something", hosts, _tell_announcement)
    )
    register(EventKind(POSTED_EVENT, "Somebody has written in a discussion", hosts, _tell_post))
