"""The platform's own Celery application: housekeeping and notifications.

Models are never run here: `evaluator.worker` does that, without Django.
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "minigiants.config.settings")

app = Celery("minigiants")
app.config_from_object("minigiants.config.celery_settings")
app.autodiscover_tasks(
    [
        "minigiants.artifacts",
        "minigiants.leaderboards",
        "minigiants.submissions",
        "minigiants.notifications",
        "minigiants.api",
    ]
)
