"""What can go wrong with a language model."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("submissions", "0001_initial"),
    ]

    operations = [
        migrations.AlterField(
            model_name="evaluation",
            name="failure",
            field=models.CharField(
                blank=True,
                choices=[
                    ("out_of_memory", "out_of_memory"),
                    ("timed_out", "timed_out"),
                    ("crashed", "crashed"),
                    ("load_failed", "load_failed"),
                    ("tensors_mismatch", "tensors_mismatch"),
                    ("tokenizer_lossy", "tokenizer_lossy"),
                    ("not_causal", "not_causal"),
                    ("not_normalised", "not_normalised"),
                    ("invalid_predictions", "invalid_predictions"),
                    ("output_too_large", "output_too_large"),
                    ("log_too_large", "log_too_large"),
                    ("needs_container", "needs_container"),
                    ("scoring_failed", "scoring_failed"),
                    ("worker_fault", "worker_fault"),
                    ("worker_lost", "worker_lost"),
                ],
                default="",
                max_length=32,
            ),
        ),
    ]
