from django.contrib import admin
from django.http import HttpRequest

from minigiants.competitions.models import (
    Competition,
    Division,
    Host,
    PackFile,
    PackVersion,
    Phase,
    RulesAcceptance,
)


class ReadOnly:
    """What only publishing changes: operators look at it here, and change the pack instead."""

    def _never(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    has_add_permission = has_change_permission = has_delete_permission = _never


class PhaseInline(ReadOnly, admin.TabularInline[Phase, Competition]):
    model = Phase
    fields = ("position", "slug", "title", "opens_at", "closes_at")


class DivisionInline(ReadOnly, admin.TabularInline[Division, Competition]):
    model = Division
    fields = ("position", "slug", "title")


class HostInline(admin.TabularInline[Host, Competition]):
    model = Host
    extra = 0
    autocomplete_fields = ("user",)


@admin.register(Competition)
class CompetitionAdmin(admin.ModelAdmin[Competition]):
    list_display = ("slug", "title", "current_version", "created_at")
    search_fields = ("slug", "title")
    readonly_fields = ("slug", "title", "tagline", "current_version")
    inlines = (PhaseInline, DivisionInline, HostInline)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


class PackFileInline(ReadOnly, admin.TabularInline[PackFile, PackVersion]):
    model = PackFile
    fields = ("role", "path", "size", "digest")


@admin.register(PackVersion)
class PackVersionAdmin(ReadOnly, admin.ModelAdmin[PackVersion]):
    list_display = ("competition", "number", "content_hash", "created_at")
    list_filter = ("competition",)
    inlines = (PackFileInline,)


@admin.register(RulesAcceptance)
class RulesAcceptanceAdmin(ReadOnly, admin.ModelAdmin[RulesAcceptance]):
    list_display = ("user", "competition", "accepted_at")
    list_filter = ("competition",)
    search_fields = ("user__username",)
