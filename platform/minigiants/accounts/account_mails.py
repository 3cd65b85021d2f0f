"""Mails about an account itself: allauth sends them, their texts are the site's templates."""

from typing import Any

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.base_user import AbstractBaseUser

log = structlog.get_logger(__name__)


class AccountMails(DefaultAccountAdapter):  # type: ignore[misc]
    """Tells people what was changed about their account."""

    def send_notification_mail(
        self,
        template_prefix: str,
        user: AbstractBaseUser,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """Mail `user` a change that has been made. It stands even if the mail server is away."""
        try:
            super().send_notification_mail(template_prefix, user, context, email)
        except OSError as error:
            log.warning("a change was not mailed", mail=template_prefix, error=str(error))
