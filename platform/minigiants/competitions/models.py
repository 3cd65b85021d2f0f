"""Competitions and the frozen versions of their packs."""

import secrets
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from minigiants.competitions.pack import PackSpec
from minigiants.competitions.pack_access import Audience
from minigiants.core.blob_digests import BlobDigestField
from minigiants.core.models import Entity

AUDIENCES = [(audience.value, audience.value) for audience in Audience]


def new_link_secret() -> str:
    """What makes the link of a competition that goes by link unguessable."""
    return secrets.token_urlsafe(24)


class Competition(Entity):
    """A challenge. What can change lives in its pack's versions; who may see it is copied here."""

    slug = models.SlugField(max_length=64, unique=True)
    title = models.CharField(max_length=120)
    tagline = models.CharField(max_length=240, blank=True, default="")
    current_version = models.ForeignKey(
        "PackVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    audience = models.CharField(max_length=16, choices=AUDIENCES, default=Audience.PUBLIC.value)
    email_domains = ArrayField(models.CharField(max_length=253), default=list, blank=True)
    link_secret = models.CharField(max_length=64, default=new_link_secret)

    class Meta:
        ordering: ClassVar = ["slug"]

    def __str__(self) -> str:
        return self.title


class PackVersion(Entity):
    """A published state of a pack, frozen by the hash over its specification, pages and files."""

    competition = models.ForeignKey(Competition, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    content_hash = models.CharField(max_length=64)
    specification = models.JSONField()
    specification_text = models.TextField(
        blank=True, default="", help_text="competition.yaml as its author wrote it"
    )
    pages = models.JSONField(help_text="Markdown by page name")
    served_at = models.DateTimeField(
        null=True, blank=True, help_text="When it last began to serve, if it ever has"
    )

    class Meta:
        ordering: ClassVar = ["competition", "number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["competition", "number"], name="pack_version_number"),
            models.UniqueConstraint(
                fields=["competition", "content_hash"], name="pack_version_content"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.competition_id} v{self.number}"

    @property
    def spec(self) -> PackSpec:
        """The specification, typed."""
        return _typed(_Specification(self.pk, self.content_hash, self.specification))


@dataclass(frozen=True)
class _Specification:
    """A specification as it is stored. A version never changes, so its identity says which."""

    version: UUID
    content_hash: str
    content: Any = field(compare=False)


@lru_cache(maxsize=256)
def _typed(stored: _Specification) -> PackSpec:
    """A process checks each version once: most requests ask for one."""
    return PackSpec.model_validate(stored.content)


class PackFile(models.Model):
    """A data file of a pack version. Only public ones are ever served to participants."""

    class Role(models.TextChoices):
        PUBLIC = "public", "Public data"
        SMOKE_INPUTS = "smoke_inputs", "Public inputs of the smoke run"
        HIDDEN_INPUTS = "hidden_inputs", "Hidden inputs"
        LABELS = "labels", "Labels"
        METRIC_CODE = "metric_code", "The organizer's metric"
        SOURCE = "source", "What else the pack holds, for its hosts"

    id = models.BigAutoField(primary_key=True)
    version = models.ForeignKey(PackVersion, on_delete=models.CASCADE, related_name="files")
    role = models.CharField(max_length=16, choices=Role.choices)
    path = models.CharField(max_length=255)
    digest = BlobDigestField(max_length=64)
    size = models.BigIntegerField()
    sha256 = models.CharField(
        max_length=64, blank=True, default="", help_text="Plain, for tools that know no parts"
    )
    columns = models.JSONField(
        default=list, blank=True, help_text="Of public tables: name and type of each column"
    )

    class Meta:
        ordering: ClassVar = ["role", "path"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "role", "path"], name="pack_file_path")
        ]

    def __str__(self) -> str:
        return f"{self.role}/{self.path}"


class Phase(Entity):
    """A span of time of a competition. Times follow the current pack version."""

    competition = models.ForeignKey(Competition, on_delete=models.PROTECT, related_name="phases")
    slug = models.SlugField(max_length=32)
    position = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=80)
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    reveals_at = models.DateTimeField(
        null=True, blank=True, help_text="When the private boards open by themselves"
    )

    class Meta:
        ordering: ClassVar = ["competition", "position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["competition", "slug"], name="phase_slug")
        ]

    def __str__(self) -> str:
        return self.title


class Division(Entity):
    """A weight class of a competition. A submission enters the first whose budget it fits."""

    competition = models.ForeignKey(Competition, on_delete=models.PROTECT, related_name="divisions")
    slug = models.SlugField(max_length=32)
    position = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=80)

    class Meta:
        ordering: ClassVar = ["competition", "position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["competition", "slug"], name="division_slug")
        ]

    def __str__(self) -> str:
        return self.title


class Host(models.Model):
    """A person who runs a competition."""

    class Role(models.TextChoices):
        OWNER = "owner", "Owner"
        ORGANIZER = "organizer", "Organizer"
        JUDGE = "judge", "Judge"
        VIEWER = "viewer", "Viewer"

    id = models.BigAutoField(primary_key=True)
    competition = models.ForeignKey(Competition, on_delete=models.CASCADE, related_name="hosts")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="hosted"
    )
    role = models.CharField(max_length=16, choices=Role.choices)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["competition", "user"], name="host_once")
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.role}"


class RulesAcceptance(models.Model):
    """That a person accepted the rules as they stood in one pack version."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="accepted_rules"
    )
    competition = models.ForeignKey(Competition, on_delete=models.CASCADE, related_name="+")
    rules_digest = models.CharField(max_length=64, help_text="SHA-256 of the rules page")
    accepted_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "competition", "rules_digest"], name="rules_accepted_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.competition}"


class Admission(models.Model):
    """That a person may see a competition which is not public, and how that came about."""

    class Way(models.TextChoices):
        LINK = "link", "Followed the link"
        INVITATION = "invitation", "Was invited"
        EARLIER = "earlier", "Took part while more people could see it"

    id = models.BigAutoField(primary_key=True)
    competition = models.ForeignKey(
        Competition, on_delete=models.CASCADE, related_name="admissions"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="admissions"
    )
    way = models.CharField(max_length=16, choices=Way.choices)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["competition", "user"], name="admitted_once")
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.competition} ({self.way})"


class Invitation(Entity):
    """An e-mail address that may join a competition. Only the SHA-256 of its secret is stored."""

    competition = models.ForeignKey(
        Competition, on_delete=models.CASCADE, related_name="invitations"
    )
    email = models.EmailField()
    digest = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"{self.email} · {self.competition}"

    @property
    def state(self) -> str:
        """open, accepted, revoked or expired."""
        if self.revoked_at is not None:
            return "revoked"
        if self.accepted_at is not None:
            return "accepted"
        return "open" if self.expires_at > timezone.now() else "expired"
