"""The ASGI application: Django, and beside it the raw route that receives parts of uploads."""

import gc
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "minigiants.config.settings")
django.setup(set_prefix=False)

# Apps must be loaded first.
from minigiants.api.body_limits import BodyLimits  # noqa: E402
from minigiants.api.part_route import PartRoute  # noqa: E402
from minigiants.config.handler import OneThreadHandler  # noqa: E402

# A request makes thousands of objects and hardly a cycle: to look for some among every 700 took
# as long as several queries.
gc.set_threshold(10_000)

application = PartRoute(BodyLimits(OneThreadHandler()))
