import django.db.models.deletion
from django.db import migrations, models

import minigiants.core.identifiers


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("competitions", "0001_initial"),
        ("teams", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Board",
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
                    "split",
                    models.CharField(
                        choices=[("public", "Public"), ("private", "Private")], max_length=8
                    ),
                ),
                (
                    "competition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="boards",
                        to="competitions.competition",
                    ),
                ),
                (
                    "division",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="boards",
                        to="competitions.division",
                    ),
                ),
                (
                    "phase",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="boards",
                        to="competitions.phase",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Standing",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "submission_id",
                    models.UUIDField(help_text="submissions.Submission, an app further up"),
                ),
                ("score", models.FloatField()),
                ("ranking_key", models.FloatField()),
                (
                    "achieved_at",
                    models.DateTimeField(help_text="When the best submission was handed in"),
                ),
                ("format", models.CharField(max_length=32)),
                ("parameters", models.BigIntegerField()),
                ("tensor_bits", models.BigIntegerField()),
                ("artifact_bytes", models.BigIntegerField()),
                ("latency_seconds", models.FloatField(blank=True, null=True)),
                ("entries", models.PositiveIntegerField(default=1)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "board",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="standings",
                        to="leaderboards.board",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="standings",
                        to="teams.team",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="board",
            constraint=models.UniqueConstraint(
                fields=("phase", "division", "split"), name="board_once"
            ),
        ),
        migrations.AddIndex(
            model_name="standing",
            index=models.Index(
                fields=["board", "ranking_key", "achieved_at", "id"], name="standing_order"
            ),
        ),
        migrations.AddConstraint(
            model_name="standing",
            constraint=models.UniqueConstraint(fields=("board", "team"), name="standing_once"),
        ),
    ]
