"""Notices: what a person is told on the site, and by mail where that is wanted."""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from minigiants.accounts.models import User
from minigiants.accounts.preferences import MailKind
from minigiants.competitions.models import Competition
from minigiants.competitions.policies import may_see
from minigiants.core.outbox import outbox_write
from minigiants.core.problems import NotFound
from minigiants.notifications.mails import person_mail
from minigiants.notifications.models import NOTICE_TITLE_CHARACTERS, Notice

NOTICED_EVENT: Final = "notices.made"
BATCH: Final = 50
"""How many mails one event of the outbox stands for: if one fails, as many are tried again."""


def notices_send(
    *,
    users: Iterable[User],
    kind: MailKind,
    competition: Competition,
    title: str,
    text: str,
    path: str,
) -> None:
    """Tell `users`, in the caller's transaction, of something in a competition that they may see.

    `path` is where on the site there is more. Mails go out after the commit.
    """
    notices = Notice.objects.bulk_create(
        Notice(
            user=user,
            kind=kind,
            title=title[:NOTICE_TITLE_CHARACTERS],
            text=text,
            path=path,
        )
        for user in _who_may_see(users, competition)
    )
    for start in range(0, len(notices), BATCH):
        batch = [str(notice.pk) for notice in notices[start : start + BATCH]]
        outbox_write(kind=NOTICED_EVENT, payload={"notices": batch})


def _who_may_see(users: Iterable[User], competition: Competition) -> list[User]:
    return [user for user in users if may_see(user=user, competition=competition)]


def notices_mail(payload: Mapping[str, Any]) -> None:
    """Mail the notices of an event that were not mailed yet. Raises OSError where that fails."""
    notices = Notice.objects.filter(
        pk__in=payload["notices"], mailed_at__isnull=True
    ).select_related("user")
    for notice in notices:
        person_mail(
            person=notice.user,
            kind=MailKind(notice.kind),
            subject=notice.title,
            body=f"{notice.text}\n\n{settings.BASE_URL}{notice.path}\n",
        )
        Notice.objects.filter(pk=notice.pk).update(mailed_at=timezone.now())


def notice_list(user: User) -> QuerySet[Notice]:
    """What `user` was told, the newest first."""
    return Notice.objects.filter(user=user).order_by("-pk")


def unread_count(user: User) -> int:
    """How many notices `user` has not read."""
    return Notice.objects.filter(user=user, read_at__isnull=True).count()


def notice_read(*, user: User, notice_id: UUID) -> Notice:
    """Mark one of `user`'s notices as read. Raises NotFound."""
    notice = Notice.objects.filter(pk=notice_id, user=user).first()
    if notice is None:
        raise NotFound("There is no such notice of yours.")
    if notice.read_at is None:
        notice.read_at = timezone.now()
        notice.save(update_fields=["read_at"])
    return notice


def notices_read_all(*, user: User) -> int:
    """Mark all of `user`'s notices as read. Returns how many were not."""
    return Notice.objects.filter(user=user, read_at__isnull=True).update(read_at=timezone.now())
