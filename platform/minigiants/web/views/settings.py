"""A person's own settings."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from minigiants.accounts.models import Scope
from minigiants.accounts.preferences import result_mail_choose
from minigiants.accounts.selectors import token_list
from minigiants.accounts.services import NAME_CHARACTERS, token_create, token_revoke
from minigiants.web.views.people import person_of


class TokenForm(forms.Form):
    """A new token: what it is for, what it may do, how long it lives."""

    name = forms.CharField(
        max_length=NAME_CHARACTERS,
        help_text="Where it is used, such as “CI of our repository”.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    scopes = forms.MultipleChoiceField(
        choices=Scope.choices,
        initial=list(Scope.values),
        widget=forms.CheckboxSelectMultiple,
        label="It may",
    )
    days = forms.TypedChoiceField(
        coerce=int,
        choices=[(30, "30 days"), (90, "90 days"), (180, "180 days"), (365, "a year")],
        initial=90,
        label="Lifetime",
    )


class MailForm(forms.Form):
    """Which mails the person wants."""

    results = forms.BooleanField(
        required=False,
        label="Mail me when a submission is scored or fails",
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """What is known of the person, and where to change it. A POST chooses the mails."""
    person = person_of(request)
    if request.method == "POST":
        form = MailForm(request.POST)
        if form.is_valid():
            result_mail_choose(user=person, wanted=form.cleaned_data["results"])
            messages.success(request, "Your choice of mails is kept.")
            return redirect("web:account")
    else:
        form = MailForm(initial={"results": person.wants_result_mail})
    return render(request, "web/settings/account.html", {"person": person, "form": form})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """The person's tokens. A POST makes one; its secret is on that one answer and nowhere else."""
    person = person_of(request)
    context: dict[str, Any] = {"form": TokenForm()}
    if request.method == "POST":
        form = TokenForm(request.POST)
        context["form"] = form
        if form.is_valid():
            token, secret = token_create(user=person, **form.cleaned_data)
            context = {"form": TokenForm(), "made": token, "secret": secret}
    context["tokens"] = token_list(user=person)
    return render(request, "web/settings/tokens.html", context)


@require_POST
def revoke(request: HttpRequest, token_id: UUID) -> HttpResponse:
    """Revoke one of the person's tokens."""
    token = token_revoke(user=person_of(request), token_id=token_id)
    messages.success(request, f"The token {token.name} opens nothing any more.")
    return redirect("web:tokens")
