"""The Team tab: who competes together."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from minigiants.accounts.models import User
from minigiants.competitions.models import Competition
from minigiants.competitions.selectors import rules_accepted
from minigiants.core.problems import InvalidInput, Problem
from minigiants.submissions.joining import invitation_accept, team_leave
from minigiants.submissions.merging import merge_accept, merge_decline, merge_propose
from minigiants.teams.invitations import (
    invitation_create,
    invitation_decline,
    invitation_find,
    invitation_withdraw,
)
from minigiants.teams.models import NAME_CHARACTERS, Answer
from minigiants.teams.policies import team_rules
from minigiants.teams.selectors import (
    invitations_of,
    invitations_to,
    members,
    proposals_of,
    team_find,
)
from minigiants.teams.services import leader_hand_over, team_create, team_rename
from minigiants.web.views.competition_page import CompetitionPage, competition_page
from minigiants.web.views.people import person_of


class NameForm(forms.Form):
    """What a team is called."""

    value = forms.CharField(
        max_length=NAME_CHARACTERS,
        label="Name",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class InviteForm(forms.Form):
    """Whom to invite."""

    value = forms.CharField(
        max_length=254,
        label="User name or e-mail address",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class MergeForm(forms.Form):
    """Which team to merge with."""

    value = forms.CharField(
        max_length=NAME_CHARACTERS,
        label="Name of the other team",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


def _create(person: User, competition: Competition, value: str) -> str:
    return f"The team {team_create(user=person, competition=competition, name=value)} is founded."


def _rename(person: User, competition: Competition, value: str) -> str:
    return f"The team is called {team_rename(user=person, competition=competition, name=value)}."


def _invite(person: User, competition: Competition, value: str) -> str:
    invitation_create(user=person, competition=competition, to=value)
    return "The invitation is on its way."


def _withdraw(person: User, competition: Competition, value: str) -> str:
    invitation_withdraw(user=person, invitation_id=_identity(value))
    return "The invitation is withdrawn."


def _hand_over(person: User, competition: Competition, value: str) -> str:
    leader_hand_over(user=person, competition=competition, to=value)
    return f"{value} leads the team now."


def _leave(person: User, competition: Competition, value: str) -> str:
    return f"You have left {team_leave(user=person, competition=competition)}."


def _propose(person: User, competition: Competition, value: str) -> str:
    proposal = merge_propose(user=person, competition=competition, other_name=value)
    if proposal.state == Answer.ACCEPTED:
        return f"{proposal.other} had proposed the same: you are one team now."
    return f"The leader of {proposal.other} is asked."


def _merge(person: User, competition: Competition, value: str) -> str:
    proposal = merge_accept(user=person, proposal_id=_identity(value))
    return f"You are part of {proposal.team} now."


def _decline(person: User, competition: Competition, value: str) -> str:
    merge_decline(user=person, proposal_id=_identity(value))
    return "The proposal is off the table."


_ACTIONS: Final[Mapping[str, Callable[[User, Competition, str], str]]] = {
    "create": _create,
    "rename": _rename,
    "invite": _invite,
    "withdraw": _withdraw,
    "hand-over": _hand_over,
    "leave": _leave,
    "propose": _propose,
    "merge": _merge,
    "decline": _decline,
}


def _identity(value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError:
        raise InvalidInput("The form names nothing that exists.") from None


@never_cache
@require_safe
def team(request: HttpRequest, slug: str) -> HttpResponse:
    """The person's team, with what is open around it."""
    return _page(request, competition_page(request, slug))


@never_cache
@require_POST
def change(request: HttpRequest, slug: str, action: str) -> HttpResponse:
    """Do one thing to the team. What can't be done is told on the tab itself."""
    if action not in _ACTIONS:
        raise Http404
    person = person_of(request)
    page = competition_page(request, slug)
    try:
        told = _ACTIONS[action](person, page.competition, request.POST.get("value", ""))
    except Problem as problem:
        return _page(request, page, problem=problem)
    messages.success(request, told)
    return redirect("web:team", slug=slug)


def _page(
    request: HttpRequest, page: CompetitionPage, *, problem: Problem | None = None
) -> HttpResponse:
    person = person_of(request)
    own = team_find(user=person, competition=page.competition)
    context: dict[str, Any] = {
        "problem": problem,
        "own_team": own,
        "rules": team_rules(page.competition),
        "accepted": rules_accepted(user=person, competition=page.competition),
        "received": [
            invitation
            for invitation in invitations_to(person)
            if invitation.team.competition_id == page.competition.pk
        ],
        "name_form": NameForm(auto_id="name_%s"),
    }
    if own is not None:
        people = members(own)
        proposals = proposals_of(own)
        context |= {
            "people": people,
            "leads": any(row.is_leader and row.user_id == person.pk for row in people),
            "invitations": invitations_of(own),
            "offers": [proposal for proposal in proposals if proposal.other_id == own.pk],
            "proposals": [proposal for proposal in proposals if proposal.team_id == own.pk],
            "may_leave": len(people) > 1 and not own.submissions.exists(),
            "name_form": NameForm(initial={"value": own.name}, auto_id="name_%s"),
            "invite_form": InviteForm(auto_id="invite_%s"),
            "merge_form": MergeForm(auto_id="merge_%s"),
        }
    return render(
        request,
        "web/competition/team.html",
        page.context("team", **context),
        status=problem.status if problem else 200,
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, key: str) -> HttpResponse:
    """An invitation, by the link of its mail. A POST accepts or declines it."""
    person = person_of(request)
    found = invitation_find(user=person, key=key)
    competition = found.team.competition
    problem: Problem | None = None
    if request.method == "POST":
        try:
            if "decline" in request.POST:
                invitation_decline(user=person, invitation=found)
                messages.success(request, "You have declined the invitation.")
            else:
                joined = invitation_accept(user=person, invitation=found)
                messages.success(request, f"You are in {joined} now.")
        except Problem as raised:
            problem = raised
        else:
            return redirect("web:team", slug=competition.slug)
    context = {
        "section": "competitions",
        "invitation": found,
        "competition": competition,
        "people": members(found.team),
        "accepted": rules_accepted(user=person, competition=competition),
        "problem": problem,
        "key": key,
    }
    return render(
        request, "web/invitation.html", context, status=problem.status if problem else 200
    )
