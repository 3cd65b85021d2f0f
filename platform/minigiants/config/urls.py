"""Addresses of the whole site."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from minigiants.api.routes import api
from minigiants.config.health import health
from minigiants.web.views import failures

urlpatterns = [
    path("healthz", health, name="health"),
    path("admin/", admin.site.urls),
    # Ours ends sessions one by one.
    path("accounts/sessions/", RedirectView.as_view(pattern_name="web:sessions")),
    path("accounts/", include("allauth.urls")),
    path("api/v1/", api.urls),
    path("", include("minigiants.web.urls")),
]

handler400 = failures.bad_request
handler403 = failures.permission_denied
handler404 = failures.not_found
handler500 = failures.server_error
