"""A person's own settings."""

from typing import Any, cast
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from minigiants.accounts.models import ApiToken, Scope, User
from minigiants.accounts.preferences import MailKind, mails_choose, mails_wanted
from minigiants.accounts.selectors import token_list
from minigiants.accounts.services import (
    NAME_CHARACTERS,
    token_create,
    token_revoke,
    token_rotate,
)
from minigiants.competitions.selectors import competition_list
from minigiants.web.views.people import person_of

LIFETIMES = [(30, "30 days"), (90, "90 days"), (180, "180 days"), (365, "a year")]
ROTATED_DAYS = 90


class TokenForm(forms.Form):
    """A new token: what it is for, what and where it may do, how long it lives."""

    name = forms.CharField(
        max_length=NAME_CHARACTERS,
        help_text="Where it is used, such as “CI of our repository”.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    scopes = forms.MultipleChoiceField(
        initial=[Scope.READ, Scope.SUBMIT],
        widget=forms.CheckboxSelectMultiple,
        label="It may",
    )
    competition = forms.ChoiceField(
        required=False, label="Where", help_text="A token of one competition opens no other."
    )
    days = forms.TypedChoiceField(
        coerce=int, choices=LIFETIMES, initial=ROTATED_DAYS, label="Lifetime"
    )

    def __init__(self, person: User, *args: Any) -> None:
        super().__init__(*args)
        scopes = cast(forms.MultipleChoiceField, self.fields["scopes"])
        scopes.choices = [
            choice for choice in Scope.choices if choice[0] != Scope.ADMIN or person.is_staff
        ]
        competition = cast(forms.ChoiceField, self.fields["competition"])
        known = competition_list(user=person).values_list("slug", "title")
        competition.choices = [("", "All competitions"), *known]


class MailForm(forms.Form):
    """Which mails the person wants."""

    mails = forms.MultipleChoiceField(
        choices=MailKind.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Mail me about",
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """What is known of the person, and where to change it. A POST chooses the mails."""
    person = person_of(request)
    if request.method == "POST":
        form = MailForm(request.POST)
        if form.is_valid():
            chosen = set(form.cleaned_data["mails"])
            mails_choose(user=person, choices={kind: kind in chosen for kind in MailKind})
            messages.success(request, "Your choice of mails is kept.")
            return redirect("web:account")
    else:
        wanted = [kind for kind, is_wanted in mails_wanted(person).items() if is_wanted]
        form = MailForm(initial={"mails": wanted})
    return render(request, "web/settings/account.html", {"person": person, "form": form})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """The person's tokens. A POST makes one; its secret is on that one answer and nowhere else."""
    person = person_of(request)
    form = TokenForm(person, *([request.POST] if request.method == "POST" else []))
    if request.method == "POST" and form.is_valid():
        return _with_secret(request, *token_create(user=person, **form.cleaned_data))
    context = {"form": form, "tokens": token_list(user=person)}
    return render(request, "web/settings/tokens.html", context)


@never_cache
@require_POST
def rotate(request: HttpRequest, token_id: UUID) -> HttpResponse:
    """Make a successor of one of the person's tokens; its secret is on this one answer."""
    made = token_rotate(user=person_of(request), token_id=token_id, days=ROTATED_DAYS)
    return _with_secret(request, *made)


def _with_secret(request: HttpRequest, token: ApiToken, secret: str) -> HttpResponse:
    person = person_of(request)
    context = {
        "form": TokenForm(person),
        "tokens": token_list(user=person),
        "made": token,
        "secret": secret,
    }
    return render(request, "web/settings/tokens.html", context)


@require_POST
def revoke(request: HttpRequest, token_id: UUID) -> HttpResponse:
    """Revoke one of the person's tokens."""
    token = token_revoke(user=person_of(request), token_id=token_id)
    messages.success(request, f"The token {token.name} opens nothing any more.")
    return redirect("web:tokens")
