from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("competitions", "0002_metric_code"),
    ]

    operations = [
        migrations.AddField(
            model_name="phase",
            name="reveals_at",
            field=models.DateTimeField(
                blank=True, help_text="When the private boards open by themselves", null=True
            ),
        ),
    ]
