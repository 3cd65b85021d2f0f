from django.apps import AppConfig


class CommunityConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "minigiants.community"
    label = "community"

    def ready(self) -> None:
        """Register what webhooks may hear of."""
        from minigiants.community.webhook_kinds import register_kinds

        register_kinds()
