"""Packs bring the metric of a competition."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("competitions", "0001_initial"),
    ]

    operations = [
        migrations.AlterField(
            model_name="packfile",
            name="role",
            field=models.CharField(
                choices=[
                    ("public", "Public data"),
                    ("smoke_inputs", "Public inputs of the smoke run"),
                    ("hidden_inputs", "Hidden inputs"),
                    ("labels", "Labels"),
                    ("metric_code", "The organizer's metric"),
                ],
                max_length=16,
            ),
        ),
    ]
