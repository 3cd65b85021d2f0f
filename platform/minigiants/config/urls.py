"""Addresses of the whole site."""

from django.contrib import admin
from django.urls import include, path

from minigiants.api.routes import api
from minigiants.config.health import health

urlpatterns = [
    path("healthz", health, name="health"),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("api/v1/", api.urls),
    path("", include("minigiants.web.urls")),
]
