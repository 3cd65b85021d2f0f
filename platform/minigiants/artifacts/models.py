"""Uploads, the blobs they become, and what inspection says of them."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from minigiants.competitions.models import Division, PackVersion
from minigiants.core.blob_digests import BlobDigestField
from minigiants.core.models import Entity
from minigiants.teams.models import Team


class Blob(models.Model):
    """A file's content, stored once under its composite digest."""

    digest = BlobDigestField(primary_key=True, max_length=64)
    size = models.BigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.digest[:12]


class Artifact(Entity):
    """An uploaded model: a manifest of files. Equal manifests of one team are one artifact."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="artifacts")
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    manifest_digest = models.CharField(
        max_length=64, help_text="SHA-256 over the sorted paths and digests"
    )
    format = models.CharField(max_length=32, blank=True, help_text="Empty: none was recognised")
    size = models.BigIntegerField()

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["team", "manifest_digest"], name="artifact_once")
        ]

    def __str__(self) -> str:
        return self.manifest_digest[:12]


class ArtifactFile(models.Model):
    """A file of an artifact."""

    id = models.BigAutoField(primary_key=True)
    artifact = models.ForeignKey(Artifact, on_delete=models.CASCADE, related_name="files")
    path = models.CharField(max_length=512)
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering: ClassVar = ["path"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["artifact", "path"], name="artifact_file_path")
        ]

    def __str__(self) -> str:
        return self.path


class UploadSession(Entity):
    """An upload on its way. Either it becomes an artifact whole, or nothing remains of it."""

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        COMPLETE = "complete", "Complete"
        EXPIRED = "expired", "Expired"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="uploads")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.OPEN)
    expires_at = models.DateTimeField()
    artifact = models.ForeignKey(
        Artifact, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["expires_at"], name="upload_open_expiry", condition=models.Q(status="open")
            )
        ]

    def __str__(self) -> str:
        return f"upload {self.pk}"


class UploadFile(models.Model):
    """A file that an upload session has announced."""

    id = models.BigAutoField(primary_key=True)
    session = models.ForeignKey(UploadSession, on_delete=models.CASCADE, related_name="files")
    position = models.PositiveIntegerField()
    path = models.CharField(max_length=512)
    size = models.BigIntegerField()
    blob = models.ForeignKey(
        Blob,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Set where the team already has these bytes: nothing needs to be sent",
    )
    store_upload = models.CharField(
        max_length=1024, blank=True, help_text="With S3: its multipart upload, once one was begun"
    )

    class Meta:
        ordering: ClassVar = ["position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["session", "position"], name="upload_file_position"),
            models.UniqueConstraint(fields=["session", "path"], name="upload_file_path"),
        ]

    def __str__(self) -> str:
        return self.path


class UploadPart(models.Model):
    """A part and its SHA-256.

    In a folder: one that has arrived, hashed while it was written. With S3: one for which an
    address was asked; what has arrived the store knows.
    """

    id = models.BigAutoField(primary_key=True)
    file = models.ForeignKey(UploadFile, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField(help_text="From 0")
    sha256 = models.BinaryField(max_length=32)
    size = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["file", "number"], name="upload_part_number")
        ]

    def __str__(self) -> str:
        return f"part {self.number}"


class Inspection(models.Model):
    """What inspection measured and refused, once for each artifact, inspector and pack version."""

    id = models.BigAutoField(primary_key=True)
    artifact = models.ForeignKey(Artifact, on_delete=models.CASCADE, related_name="inspections")
    pack_version = models.ForeignKey(PackVersion, on_delete=models.CASCADE, related_name="+")
    inspector_version = models.CharField(max_length=32)
    verdict = models.JSONField(help_text="evaluator.inspection.Verdict")
    accepted = models.BooleanField(help_text="Nothing refused, and a division that it fits")
    division = models.ForeignKey(
        Division, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    parameters = models.BigIntegerField(null=True, blank=True)
    tensor_bits = models.BigIntegerField(null=True, blank=True)
    side_bytes = models.BigIntegerField(null=True, blank=True)
    artifact_bytes = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["artifact", "inspector_version", "pack_version"], name="inspection_once"
            )
        ]

    def __str__(self) -> str:
        return f"inspection of {self.artifact_id}"
