from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("submissions", "0003_evaluation_participant_detail"),
    ]

    operations = [
        migrations.AddField(
            model_name="submission",
            name="disqualified_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="submission",
            name="disqualified_for",
            field=models.CharField(blank=True, default="", max_length=500),
        ),
        migrations.AddField(
            model_name="submission",
            name="is_late",
            field=models.BooleanField(default=False, help_text="After the close; never ranks"),
        ),
        migrations.AddField(
            model_name="submission",
            name="selected_at",
            field=models.DateTimeField(
                blank=True, help_text="When it was made a final selection", null=True
            ),
        ),
    ]
