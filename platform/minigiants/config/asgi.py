"""The ASGI application: Django, and beside it the raw route that receives parts of uploads."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "minigiants.config.settings")
django_application = get_asgi_application()

from minigiants.api.part_route import PartRoute  # noqa: E402  (apps must be loaded first)

application = PartRoute(django_application)
