"""People and the tokens that act for them."""

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from minigiants.core.models import Entity

ABOUT_CHARACTERS = 500


class User(AbstractUser):
    """A person. The user name is public, the e-mail address is not."""

    email = models.EmailField("e-mail address", unique=True)
    about = models.CharField(max_length=ABOUT_CHARACTERS, blank=True, default="")
    homepage = models.URLField(blank=True, default="")
    is_profile_public = models.BooleanField(default=True)
    wants_result_mail = models.BooleanField(
        default=False, help_text="Send an e-mail when a submission is scored or fails."
    )
    wants_reply_mail = models.BooleanField(default=True)
    wants_announcement_mail = models.BooleanField(default=True)
    wants_team_mail = models.BooleanField(default=True)
    wants_moderation_mail = models.BooleanField(default=True)


class Scope(models.TextChoices):
    """What a token may do. Each stands alone; none includes another.

    A scope opens nothing that its person may not do: `host` needs a competition that the person
    runs, `admin` needs staff.
    """

    READ = "read", "Read competitions, boards and your own submissions"
    SUBMIT = "submit", "Upload and hand in for your teams"
    HOST = "host", "Run the competitions that you host"
    ADMIN = "admin", "Operate this installation (staff only)"


class ApiToken(Entity):
    """A bearer token. Only its SHA-256 is stored; the prefix tells tokens apart."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=16)
    digest = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=16, choices=Scope.choices))
    competition = models.CharField(
        max_length=64,
        blank=True,
        default="",
        help_text="Slug of the one competition that it opens (an app further up); empty: all",
    )
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def is_live(self) -> bool:
        """Whether the token still opens anything."""
        return self.revoked_at is None and self.expires_at > timezone.now()
