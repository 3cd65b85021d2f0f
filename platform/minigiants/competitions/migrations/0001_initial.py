import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import minigiants.core.identifiers


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Competition",
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
                ("slug", models.SlugField(max_length=64, unique=True)),
                ("title", models.CharField(max_length=120)),
                ("tagline", models.CharField(blank=True, default="", max_length=240)),
            ],
            options={
                "ordering": ["slug"],
            },
        ),
        migrations.CreateModel(
            name="PackVersion",
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
                ("number", models.PositiveIntegerField()),
                ("content_hash", models.CharField(max_length=64)),
                ("specification", models.JSONField()),
                ("pages", models.JSONField(help_text="Markdown by page name")),
                (
                    "competition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="competitions.competition",
                    ),
                ),
            ],
            options={
                "ordering": ["competition", "number"],
            },
        ),
        migrations.CreateModel(
            name="PackFile",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("public", "Public data"),
                            ("smoke_inputs", "Public inputs of the smoke run"),
                            ("hidden_inputs", "Hidden inputs"),
                            ("labels", "Labels"),
                        ],
                        max_length=16,
                    ),
                ),
                ("path", models.CharField(max_length=255)),
                ("digest", models.CharField(max_length=64)),
                ("size", models.BigIntegerField()),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="files",
                        to="competitions.packversion",
                    ),
                ),
            ],
            options={
                "ordering": ["role", "path"],
            },
        ),
        migrations.AddField(
            model_name="competition",
            name="current_version",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="competitions.packversion",
            ),
        ),
        migrations.CreateModel(
            name="Phase",
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
                ("slug", models.SlugField(max_length=32)),
                ("position", models.PositiveSmallIntegerField()),
                ("title", models.CharField(max_length=80)),
                ("opens_at", models.DateTimeField()),
                ("closes_at", models.DateTimeField()),
                (
                    "competition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="phases",
                        to="competitions.competition",
                    ),
                ),
            ],
            options={
                "ordering": ["competition", "position"],
            },
        ),
        migrations.CreateModel(
            name="RulesAcceptance",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "rules_digest",
                    models.CharField(help_text="SHA-256 of the rules page", max_length=64),
                ),
                ("accepted_at", models.DateTimeField(auto_now_add=True)),
                (
                    "competition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="competitions.competition",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="accepted_rules",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Division",
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
                ("slug", models.SlugField(max_length=32)),
                ("position", models.PositiveSmallIntegerField()),
                ("title", models.CharField(max_length=80)),
                (
                    "competition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="divisions",
                        to="competitions.competition",
                    ),
                ),
            ],
            options={
                "ordering": ["competition", "position"],
                "constraints": [
                    models.UniqueConstraint(fields=("competition", "slug"), name="division_slug")
                ],
            },
        ),
        migrations.CreateModel(
            name="Host",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "role",
                    models.CharField(
                        choices=[("owner", "Owner"), ("organizer", "Organizer")], max_length=16
                    ),
                ),
                (
                    "competition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="hosts",
                        to="competitions.competition",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="hosted",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("competition", "user"), name="host_once")
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="packversion",
            constraint=models.UniqueConstraint(
                fields=("competition", "number"), name="pack_version_number"
            ),
        ),
        migrations.AddConstraint(
            model_name="packversion",
            constraint=models.UniqueConstraint(
                fields=("competition", "content_hash"), name="pack_version_content"
            ),
        ),
        migrations.AddConstraint(
            model_name="packfile",
            constraint=models.UniqueConstraint(
                fields=("version", "role", "path"), name="pack_file_path"
            ),
        ),
        migrations.AddConstraint(
            model_name="phase",
            constraint=models.UniqueConstraint(fields=("competition", "slug"), name="phase_slug"),
        ),
        migrations.AddConstraint(
            model_name="rulesacceptance",
            constraint=models.UniqueConstraint(
                fields=("user", "competition", "rules_digest"), name="rules_accepted_once"
            ),
        ),
    ]
