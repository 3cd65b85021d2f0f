"""The ASGI application: Django, and beside it the raw route that receives parts of uploads."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "minigiants.config.settings")
django.setup(set_prefix=False)

# Apps must be loaded first.
from minigiants.api.body_limits import BodyLimits  # noqa: E402
from minigiants.api.part_route import PartRoute  # noqa: E402
from minigiants.config.handler import OneThreadHandler  # noqa: E402

application = PartRoute(BodyLimits(OneThreadHandler()))
