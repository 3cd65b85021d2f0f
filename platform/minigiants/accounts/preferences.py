"""What a person wants to be told by mail."""

from collections.abc import Mapping
from typing import Final

from django.db import models

from minigiants.accounts.models import User


class MailKind(models.TextChoices):
    """The kinds of mail that a person may not want. Mails on the account itself always go."""

    RESULT = "result", "How my submissions ended"
    REPLY = "reply", "Replies in threads that I follow"
    ANNOUNCEMENT = "announcement", "What the hosts announce in my competitions"
    TEAM = "team", "Invitations, proposals and changes of my teams"
    MODERATION = "moderation", "Moderation: of my posts, and of what is reported to me"


FIELDS: Final[Mapping[MailKind, str]] = {
    MailKind.RESULT: "wants_result_mail",
    MailKind.REPLY: "wants_reply_mail",
    MailKind.ANNOUNCEMENT: "wants_announcement_mail",
    MailKind.TEAM: "wants_team_mail",
    MailKind.MODERATION: "wants_moderation_mail",
}
"""The column of each kind."""


def mails_wanted(user: User) -> dict[MailKind, bool]:
    """What `user` has chosen, for every kind."""
    return {kind: bool(getattr(user, field)) for kind, field in FIELDS.items()}


def mails_choose(*, user: User, choices: Mapping[MailKind, bool]) -> None:
    """Choose for the kinds in `choices`; the others stay as they are."""
    if choices:
        User.objects.filter(pk=user.pk).update(
            **{FIELDS[kind]: wanted for kind, wanted in choices.items()}
        )
