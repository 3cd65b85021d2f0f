"""Competitions and the frozen versions of their packs."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from minigiants.competitions.pack import PackSpec
from minigiants.core.models import Entity


class Competition(Entity):
    """A challenge. Everything that can change lives in its pack's versions."""

    slug = models.SlugField(max_length=64, unique=True)
    title = models.CharField(max_length=120)
    tagline = models.CharField(max_length=240, blank=True, default="")
    current_version = models.ForeignKey(
        "PackVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

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
    pages = models.JSONField(help_text="Markdown by page name")

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
        return PackSpec.model_validate(self.specification)


class PackFile(models.Model):
    """A data file of a pack version. Only public ones are ever served to participants."""

    class Role(models.TextChoices):
        PUBLIC = "public", "Public data"
        SMOKE_INPUTS = "smoke_inputs", "Public inputs of the smoke run"
        HIDDEN_INPUTS = "hidden_inputs", "Hidden inputs"
        LABELS = "labels", "Labels"
        METRIC_CODE = "metric_code", "The organizer's metric"

    id = models.BigAutoField(primary_key=True)
    version = models.ForeignKey(PackVersion, on_delete=models.CASCADE, related_name="files")
    role = models.CharField(max_length=16, choices=Role.choices)
    path = models.CharField(max_length=255)
    digest = models.CharField(max_length=64)
    size = models.BigIntegerField()

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
