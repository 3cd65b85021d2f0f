from django.contrib import admin
from django.http import HttpRequest

from minigiants.notifications.models import Webhook


@admin.register(Webhook)
class WebhookAdmin(admin.ModelAdmin[Webhook]):
    """Operators see webhooks and may remove them. Secrets are their owners' alone."""

    list_display = ("url", "owner", "team", "competition", "disabled", "failures")
    list_filter = ("disabled",)
    list_select_related = ("owner", "team", "competition")
    search_fields = ("url", "owner__username")
    exclude = ("sealed_secret", "sealed_previous")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Webhook | None = None) -> bool:
        return False
