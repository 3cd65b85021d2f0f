"""What people say to each other about a competition."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from minigiants.competitions.models import Competition
from minigiants.core.models import Entity

TITLE_CHARACTERS = 150
BODY_CHARACTERS = 20_000
REASON_CHARACTERS = 300


class Announcement(Entity):
    """What the hosts tell all participants."""

    competition = models.ForeignKey(
        Competition, on_delete=models.CASCADE, related_name="announcements"
    )
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=TITLE_CHARACTERS)
    body = models.TextField(max_length=BODY_CHARACTERS, help_text="Markdown")
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [models.Index(fields=["competition", "-id"], name="announcement_feed")]

    def __str__(self) -> str:
        return self.title


class Thread(Entity):
    """A discussion. Its first post opened it."""

    competition = models.ForeignKey(Competition, on_delete=models.CASCADE, related_name="threads")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="threads"
    )
    title = models.CharField(max_length=TITLE_CHARACTERS)
    is_pinned = models.BooleanField(default=False)
    locked_at = models.DateTimeField(null=True, blank=True, help_text="Takes no replies since")
    hidden_at = models.DateTimeField(
        null=True, blank=True, help_text="The post that opened it was hidden or deleted"
    )
    replies = models.PositiveIntegerField(default=0, help_text="Those that can be seen")
    last_post_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-is_pinned", "-last_post_at", "-id"]
        indexes: ClassVar = [
            models.Index(
                fields=["competition", "-is_pinned", "-last_post_at", "-id"], name="thread_list"
            )
        ]

    def __str__(self) -> str:
        return self.title


class Post(Entity):
    """What one person says in a thread."""

    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="posts")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="posts"
    )
    is_opening = models.BooleanField(default=False)
    body = models.TextField(
        max_length=BODY_CHARACTERS, blank=True, help_text="Markdown; empty once it is deleted"
    )
    edited_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True, help_text="By its author")
    hidden_at = models.DateTimeField(null=True, blank=True, help_text="By a moderator")
    hidden_reason = models.CharField(max_length=REASON_CHARACTERS, blank=True, default="")

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["thread"], name="one_opening", condition=models.Q(is_opening=True)
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["thread", "id"], name="post_order"),
            models.Index(fields=["author", "-created_at"], name="post_rate"),
        ]

    def __str__(self) -> str:
        return f"{self.author_id} in {self.thread_id}"

    @property
    def is_visible(self) -> bool:
        """Whether everybody may read it."""
        return self.deleted_at is None and self.hidden_at is None


class Subscription(models.Model):
    """That a person wants to hear of new replies in a thread."""

    id = models.BigAutoField(primary_key=True)
    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="subscriptions")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="subscriptions"
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["thread", "user"], name="subscribed_once")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} to {self.thread_id}"


class PostReport(Entity):
    """Somebody says that a post breaks the rules."""

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="reports")
    reporter = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    reason = models.CharField(max_length=REASON_CHARACTERS)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["post", "reporter"], name="reported_once")
        ]

    def __str__(self) -> str:
        return f"{self.post_id}: {self.reason}"
