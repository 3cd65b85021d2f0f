import django.contrib.postgres.indexes
import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("competitions", "0004_visibility_and_sources"),
        ("teams", "0003_invitations_and_merges"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="team",
            index=models.Index(
                models.F("competition"),
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper("name"), name="text_pattern_ops"
                ),
                name="team_search",
            ),
        ),
    ]
