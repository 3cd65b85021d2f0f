"""A person's page, what it says, and closing the account."""

from django import forms
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from minigiants.accounts.models import ABOUT_CHARACTERS
from minigiants.accounts.profiles import profile_change, profile_get
from minigiants.core.problems import Problem
from minigiants.leaderboards.public_ranks import public_ranks
from minigiants.teams.closing import account_close
from minigiants.teams.models import Team
from minigiants.web.views.people import person_of, person_or_none


class ProfileForm(forms.Form):
    """What the page says."""

    about = forms.CharField(
        max_length=ABOUT_CHARACTERS,
        required=False,
        label="About you",
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    homepage = forms.URLField(
        max_length=200, required=False, label="Web address", assume_scheme="https"
    )
    is_public = forms.BooleanField(
        required=False,
        label="Everybody may see my page",
        help_text="Your user name stands on boards and in discussions either way.",
    )


class PasswordForm(forms.Form):
    """The proof that it is the person who asks."""

    password = forms.CharField(
        label="Your password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


@require_safe
def read(request: HttpRequest, username: str) -> HttpResponse:
    """A person: what they say of themselves, and where their teams stand."""
    viewer = person_or_none(request)
    person = profile_get(username=username, viewer=viewer)
    ranks = public_ranks(Team.objects.filter(memberships__user=person))
    context = {"person": person, "ranks": ranks, "own": person == viewer}
    return render(request, "web/person.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest) -> HttpResponse:
    """What the person's page says. A POST changes it."""
    person = person_of(request)
    form = ProfileForm(
        request.POST or None,
        initial={
            "about": person.about,
            "homepage": person.homepage,
            "is_public": person.is_profile_public,
        },
    )
    if request.method == "POST" and form.is_valid():
        profile_change(user=person, **form.cleaned_data)
        messages.success(request, "Your page is changed.")
        return redirect("web:profile")
    return render(request, "web/settings/profile.html", {"person": person, "form": form})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def close(request: HttpRequest) -> HttpResponse:
    """Close the account, after the password was given once more."""
    person = person_of(request)
    form = PasswordForm(request.POST or None)
    problem: Problem | None = None
    if request.method == "POST" and form.is_valid():
        try:
            account_close(user=person, password=form.cleaned_data["password"])
        except Problem as raised:
            problem = raised
        else:
            logout(request)
            messages.success(request, "Your account is closed.")
            return redirect("web:home")
    return render(
        request,
        "web/settings/close.html",
        {"person": person, "form": form, "problem": problem},
        status=problem.status if problem else 200,
    )
