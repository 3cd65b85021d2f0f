import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import minigiants.core.identifiers


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("competitions", "0001_initial"),
        ("teams", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Blob",
            fields=[
                ("digest", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("size", models.BigIntegerField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="Artifact",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=minigiants.core.identifiers.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "manifest_digest",
                    models.CharField(
                        help_text="SHA-256 over the sorted paths and digests", max_length=64
                    ),
                ),
                (
                    "format",
                    models.CharField(
                        blank=True, help_text="Empty: none was recognised", max_length=32
                    ),
                ),
                ("size", models.BigIntegerField()),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="artifacts",
                        to="teams.team",
                    ),
                ),
                (
                    "uploaded_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="ArtifactFile",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("path", models.CharField(max_length=512)),
                (
                    "artifact",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="files",
                        to="artifacts.artifact",
                    ),
                ),
                (
                    "blob",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="artifacts.blob",
                    ),
                ),
            ],
            options={
                "ordering": ["path"],
            },
        ),
        migrations.CreateModel(
            name="Inspection",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("inspector_version", models.CharField(max_length=32)),
                ("verdict", models.JSONField(help_text="evaluator.inspection.Verdict")),
                (
                    "accepted",
                    models.BooleanField(help_text="Nothing refused, and a division that it fits"),
                ),
                ("parameters", models.BigIntegerField(blank=True, null=True)),
                ("tensor_bits", models.BigIntegerField(blank=True, null=True)),
                ("side_bytes", models.BigIntegerField(blank=True, null=True)),
                ("artifact_bytes", models.BigIntegerField(blank=True, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "artifact",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="inspections",
                        to="artifacts.artifact",
                    ),
                ),
                (
                    "division",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="competitions.division",
                    ),
                ),
                (
                    "pack_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="competitions.packversion",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="UploadFile",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("position", models.PositiveIntegerField()),
                ("path", models.CharField(max_length=512)),
                ("size", models.BigIntegerField()),
                (
                    "blob",
                    models.ForeignKey(
                        blank=True,
                        help_text="Set where the team already has these bytes: nothing needs to be sent",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="artifacts.blob",
                    ),
                ),
            ],
            options={
                "ordering": ["position"],
            },
        ),
        migrations.CreateModel(
            name="UploadPart",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("number", models.PositiveIntegerField(help_text="From 0")),
                ("sha256", models.BinaryField(max_length=32)),
                ("size", models.PositiveIntegerField()),
                (
                    "file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="parts",
                        to="artifacts.uploadfile",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="UploadSession",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=minigiants.core.identifiers.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("complete", "Complete"),
                            ("expired", "Expired"),
                        ],
                        default="open",
                        max_length=16,
                    ),
                ),
                ("expires_at", models.DateTimeField()),
                (
                    "artifact",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="artifacts.artifact",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="uploads",
                        to="teams.team",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="uploadfile",
            name="session",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="files",
                to="artifacts.uploadsession",
            ),
        ),
        migrations.AddConstraint(
            model_name="artifact",
            constraint=models.UniqueConstraint(
                fields=("team", "manifest_digest"), name="artifact_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="artifactfile",
            constraint=models.UniqueConstraint(
                fields=("artifact", "path"), name="artifact_file_path"
            ),
        ),
        migrations.AddConstraint(
            model_name="inspection",
            constraint=models.UniqueConstraint(
                fields=("artifact", "inspector_version", "pack_version"), name="inspection_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="uploadpart",
            constraint=models.UniqueConstraint(
                fields=("file", "number"), name="upload_part_number"
            ),
        ),
        migrations.AddIndex(
            model_name="uploadsession",
            index=models.Index(
                condition=models.Q(("status", "open")),
                fields=["expires_at"],
                name="upload_open_expiry",
            ),
        ),
        migrations.AddConstraint(
            model_name="uploadfile",
            constraint=models.UniqueConstraint(
                fields=("session", "position"), name="upload_file_position"
            ),
        ),
        migrations.AddConstraint(
            model_name="uploadfile",
            constraint=models.UniqueConstraint(fields=("session", "path"), name="upload_file_path"),
        ),
    ]
