import django.db.models.deletion
import django.db.models.functions.comparison
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("competitions", "0002_metric_code"),
        ("leaderboards", "0001_initial"),
        ("teams", "0001_initial"),
    ]

    operations = [
        # Standings follow from scores: submissions.0004 enters them anew.
        migrations.RunSQL("DELETE FROM leaderboards_standing", migrations.RunSQL.noop),
        migrations.CreateModel(
            name="Bucket",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("level", models.PositiveSmallIntegerField()),
                (
                    "lower",
                    models.BinaryField(
                        help_text="The least place that it may hold; empty in the first"
                    ),
                ),
                ("standings", models.IntegerField()),
                (
                    "least_parameters",
                    models.BigIntegerField(help_text="Of the standings within", null=True),
                ),
            ],
        ),
        migrations.CreateModel(
            name="EarlierRank",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("rank", models.PositiveIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "submission_id",
                    models.UUIDField(help_text="submissions.Submission, an app further up"),
                ),
                ("score", models.FloatField()),
                ("ranking_key", models.FloatField()),
                ("place", models.BinaryField()),
                (
                    "achieved_at",
                    models.DateTimeField(help_text="When the submission was handed in"),
                ),
                ("format", models.CharField(max_length=32)),
                ("parameters", models.BigIntegerField()),
                ("tensor_bits", models.BigIntegerField()),
                ("artifact_bytes", models.BigIntegerField()),
                ("latency_seconds", models.FloatField(blank=True, null=True)),
                ("peak_memory_bytes", models.BigIntegerField(blank=True, null=True)),
                ("public_place", models.BinaryField()),
                (
                    "is_late",
                    models.BooleanField(default=False, help_text="After the close: shown apart"),
                ),
                (
                    "is_selected",
                    models.BooleanField(default=False, help_text="One of the final selections"),
                ),
                ("is_disqualified", models.BooleanField(default=False)),
                (
                    "improved",
                    models.BooleanField(
                        default=False, help_text="Better than all before of the team"
                    ),
                ),
                (
                    "led",
                    models.BooleanField(default=False, help_text="Stood first when it was entered"),
                ),
                ("changed_at", models.DateTimeField(auto_now=True)),
            ],
        ),
        migrations.RemoveIndex(
            model_name="standing",
            name="standing_order",
        ),
        migrations.AddField(
            model_name="board",
            name="frozen_at",
            field=models.DateTimeField(
                blank=True, help_text="Since when scores no longer move its standings", null=True
            ),
        ),
        migrations.AddField(
            model_name="board",
            name="ranks_noted_on",
            field=models.DateField(
                blank=True, help_text="The day whose first ranks `EarlierRank` holds", null=True
            ),
        ),
        migrations.AddField(
            model_name="board",
            name="revealed_at",
            field=models.DateTimeField(
                blank=True, help_text="When a host revealed it; of private boards", null=True
            ),
        ),
        migrations.AddField(
            model_name="standing",
            name="division",
            field=models.ForeignKey(
                default=None,
                help_text="Whose budget the model fits: the board's own, or a tighter one",
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="competitions.division",
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="standing",
            name="last_at",
            field=models.DateTimeField(
                default=None, help_text="When the team's latest entry was handed in"
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="standing",
            name="peak_memory_bytes",
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="standing",
            name="place",
            field=models.BinaryField(default=None),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="standing",
            name="achieved_at",
            field=models.DateTimeField(help_text="When the submission was handed in"),
        ),
        migrations.AddIndex(
            model_name="standing",
            index=models.Index(fields=["board", "parameters", "place"], name="standing_parameters"),
        ),
        migrations.AddIndex(
            model_name="standing",
            index=models.Index(fields=["board", "artifact_bytes", "place"], name="standing_bytes"),
        ),
        migrations.AddIndex(
            model_name="standing",
            index=models.Index(
                models.F("board"),
                django.db.models.functions.comparison.Coalesce("latency_seconds", float("inf")),
                models.F("place"),
                name="standing_latency",
            ),
        ),
        migrations.AddIndex(
            model_name="standing",
            index=models.Index(fields=["board", "last_at", "place"], name="standing_last"),
        ),
        migrations.AddConstraint(
            model_name="standing",
            constraint=models.UniqueConstraint(fields=("board", "place"), name="standing_place"),
        ),
        migrations.AddField(
            model_name="bucket",
            name="board",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="buckets",
                to="leaderboards.board",
            ),
        ),
        migrations.AddField(
            model_name="earlierrank",
            name="board",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="earlier_ranks",
                to="leaderboards.board",
            ),
        ),
        migrations.AddField(
            model_name="earlierrank",
            name="team",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="teams.team"
            ),
        ),
        migrations.AddField(
            model_name="entry",
            name="board",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="entries",
                to="leaderboards.board",
            ),
        ),
        migrations.AddField(
            model_name="entry",
            name="division",
            field=models.ForeignKey(
                help_text="Whose budget the model fits: the board's own, or a tighter one",
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="competitions.division",
            ),
        ),
        migrations.AddField(
            model_name="entry",
            name="team",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="entries", to="teams.team"
            ),
        ),
        migrations.AddConstraint(
            model_name="bucket",
            constraint=models.UniqueConstraint(
                fields=("board", "level", "lower"), name="bucket_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="earlierrank",
            constraint=models.UniqueConstraint(fields=("board", "team"), name="earlier_rank_once"),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(fields=["board", "team", "place"], name="entry_of_team"),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(
                condition=models.Q(("is_late", True)), fields=["board", "place"], name="entry_late"
            ),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(
                condition=models.Q(("led", True)), fields=["board", "achieved_at"], name="entry_led"
            ),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.UniqueConstraint(
                fields=("submission_id", "board"), name="entry_once"
            ),
        ),
    ]
