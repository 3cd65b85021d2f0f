"""How much one person may write."""

import math
from datetime import datetime, timedelta
from typing import Final

from django.db.models import QuerySet
from django.utils import timezone

from minigiants.accounts.models import User
from minigiants.community.models import Post, PostReport
from minigiants.community.problems import PostingTooFast

POSTS: Final = ((10, timedelta(minutes=10)), (100, timedelta(days=1)))
THREADS: Final = ((5, timedelta(days=1)),)
REPORTS: Final = ((20, timedelta(days=1)),)


def lock_writer(user: User) -> None:
    """Let `user` write one thing at a time, so that what is counted is what is there."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)


def require_posting_room(user: User) -> None:
    """Raise PostingTooFast once `user` has written `POSTS`. The writer is locked."""
    _require_room(Post.objects.filter(author=user), POSTS)


def require_thread_room(user: User) -> None:
    """Raise PostingTooFast once `user` has opened `THREADS`. The writer is locked."""
    _require_room(Post.objects.filter(author=user, is_opening=True), THREADS)


def require_reporting_room(user: User) -> None:
    """Raise PostingTooFast once `user` has reported `REPORTS`. The writer is locked."""
    _require_room(PostReport.objects.filter(reporter=user), REPORTS)


def _require_room(
    rows: QuerySet[Post] | QuerySet[PostReport], limits: tuple[tuple[int, timedelta], ...]
) -> None:
    now = timezone.now()
    for count, span in limits:
        recent: list[datetime] = list(
            rows.filter(created_at__gt=now - span)
            .order_by("-created_at")
            .values_list("created_at", flat=True)[:count]
        )
        if len(recent) == count:
            wait = math.ceil((recent[-1] + span - now).total_seconds())
            raise PostingTooFast(f"{count} are allowed within {span}.", retry_after=max(wait, 1))
