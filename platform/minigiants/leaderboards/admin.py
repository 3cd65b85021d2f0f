from django.contrib import admin

from minigiants.leaderboards.models import Board, Standing


@admin.register(Board)
class BoardAdmin(admin.ModelAdmin[Board]):
    list_display = ("competition", "phase", "division", "split")
    list_filter = ("competition", "split")
    readonly_fields = ("frozen_at", "revealed_at", "ranks_noted_on")


@admin.register(Standing)
class StandingAdmin(admin.ModelAdmin[Standing]):
    list_display = ("board", "team", "score", "parameters", "artifact_bytes", "achieved_at")
    list_filter = ("board__competition", "board__split")
    search_fields = ("team__name",)

    def has_change_permission(self, request: object, obj: object = None) -> bool:
        """Standings follow from scores; nobody edits them by hand."""
        return False

    has_add_permission = has_delete_permission = has_change_permission
