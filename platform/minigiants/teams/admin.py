from typing import Any

from django import forms
from django.contrib import admin

from minigiants.competitions.selectors import spec_of
from minigiants.teams.models import Invitation, Membership, MergeProposal, Team


class MembershipForms(forms.BaseInlineFormSet[Membership, Team, Any]):
    """The people of a team: no more of them than the pack allows."""

    def clean(self) -> None:
        """See the class."""
        super().clean()
        if any(self.errors):
            return
        people = [form for form in self.forms if form.cleaned_data and not self._leaves(form)]
        most = spec_of(self.instance.competition).teams.max_size
        if len(people) > most:
            raise forms.ValidationError(f"The competition allows {most} people in a team.")

    def _leaves(self, form: Any) -> bool:
        return bool(form.cleaned_data.get("DELETE"))


class MembershipInline(admin.TabularInline[Membership, Team]):
    model = Membership
    formset = MembershipForms
    extra = 0
    autocomplete_fields = ("user",)


@admin.register(Team)
class TeamAdmin(admin.ModelAdmin[Team]):
    list_display = ("name", "competition", "is_baseline", "merged_into", "created_at")
    list_filter = ("competition", "is_baseline")
    list_select_related = ("competition", "merged_into")
    search_fields = ("name", "memberships__user__username")
    readonly_fields = ("merged_into",)
    inlines = (MembershipInline,)


@admin.register(Invitation)
class InvitationAdmin(admin.ModelAdmin[Invitation]):
    list_display = ("team", "user", "email", "state", "invited_by", "created_at")
    list_filter = ("state",)
    list_select_related = ("team", "user", "invited_by")
    autocomplete_fields = ("team", "user", "invited_by")


@admin.register(MergeProposal)
class MergeProposalAdmin(admin.ModelAdmin[MergeProposal]):
    list_display = ("team", "other", "state", "proposed_by", "created_at")
    list_filter = ("state",)
    list_select_related = ("team", "other", "proposed_by")
    autocomplete_fields = ("team", "other", "proposed_by", "answered_by")
