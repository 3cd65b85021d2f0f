from django.contrib import admin

from minigiants.teams.models import Membership, Team


class MembershipInline(admin.TabularInline[Membership, Team]):
    model = Membership
    extra = 0
    autocomplete_fields = ("user",)


@admin.register(Team)
class TeamAdmin(admin.ModelAdmin[Team]):
    list_display = ("name", "competition", "is_baseline", "created_at")
    list_filter = ("competition", "is_baseline")
    search_fields = ("name", "memberships__user__username")
    inlines = (MembershipInline,)
