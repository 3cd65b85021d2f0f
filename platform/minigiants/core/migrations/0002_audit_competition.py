"""Entries of the audit log say whose hosts may read of them."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """A column and its index; earlier entries about other things than competitions stay without."""

    dependencies: ClassVar = [("core", "0001_initial")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="auditentry",
            name="competition_id",
            field=models.UUIDField(
                null=True,
                blank=True,
                help_text="Whose hosts may read of it. No key: rows outlive all else",
            ),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["competition_id", "-id"], name="audit_competition"),
        ),
    ]
