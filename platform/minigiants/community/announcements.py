"""What hosts tell all who take part."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from minigiants.accounts.models import User
from minigiants.accounts.preferences import MailKind
from minigiants.community.models import Announcement
from minigiants.community.policies import require_moderator
from minigiants.community.texts import clean_body, clean_title, excerpt
from minigiants.competitions.models import Competition
from minigiants.core.audit import audit_write
from minigiants.core.outbox import outbox_write
from minigiants.core.problems import NotFound
from minigiants.notifications.notices import notices_send

ANNOUNCED_EVENT = "competition.announced"


@transaction.atomic
def announcement_publish(
    *, user: User, competition: Competition, title: str, body: str
) -> Announcement:
    """Announce something on the competition's page, to all members of its teams.

    Raises NotPermitted, InvalidInput.
    """
    require_moderator(user=user, competition=competition)
    announcement = Announcement.objects.create(
        competition=competition, author=user, title=clean_title(title), body=clean_body(body)
    )
    participants = User.objects.filter(memberships__competition=competition, is_active=True)
    notices_send(
        users=participants.exclude(pk=user.pk).order_by("pk").distinct(),
        kind=MailKind.ANNOUNCEMENT,
        competition=competition,
        title=f"{competition.title}: {announcement.title}",
        text=excerpt(announcement.body),
        path=f"/competitions/{competition.slug}/announcements/",
    )
    outbox_write(
        kind=ANNOUNCED_EVENT,
        payload={"announcement": str(announcement.pk), "competition": str(competition.pk)},
    )
    _audit(user, "announcement.publish", announcement)
    return announcement


@transaction.atomic
def announcement_withdraw(*, user: User, announcement_id: UUID) -> Announcement:
    """Take an announcement off the page; mails stay. Raises NotFound, NotPermitted."""
    announcement = (
        Announcement.objects.select_for_update(no_key=True, of=("self",))
        .select_related("competition")
        .filter(pk=announcement_id)
        .first()
    )
    if announcement is None:
        raise NotFound("There is no such announcement.")
    require_moderator(user=user, competition=announcement.competition)
    if announcement.withdrawn_at is None:
        announcement.withdrawn_at = timezone.now()
        announcement.save(update_fields=["withdrawn_at"])
        _audit(user, "announcement.withdraw", announcement)
    return announcement


def _audit(user: User, action: str, announcement: Announcement) -> None:
    audit_write(
        actor=user,
        action=action,
        target=announcement,
        competition_id=announcement.competition_id,
        title=announcement.title,
    )
