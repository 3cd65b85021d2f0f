"""What a participant is told of a file of results."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("submissions", "0002_failures_of_language_models"),
    ]

    operations = [
        migrations.AddField(
            model_name="evaluation",
            name="participant_detail",
            field=models.CharField(
                blank=True,
                default="",
                help_text="What is wrong with a file of results",
                max_length=500,
            ),
        ),
    ]
