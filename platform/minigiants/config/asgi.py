"""The ASGI application: Django, and beside it the raw route that receives parts of uploads."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "minigiants.config.settings")
django_application = get_asgi_application()

# Apps must be loaded first.
from minigiants.api.body_limits import BodyLimits  # noqa: E402
from minigiants.api.part_route import PartRoute  # noqa: E402

application = PartRoute(BodyLimits(django_application))
