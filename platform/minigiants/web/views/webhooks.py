"""A person's webhooks: of own teams, and of competitions that they run."""

from typing import Any, cast
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from minigiants.accounts.models import User
from minigiants.core.problems import NotFound, Problem
from minigiants.notifications.models import DESCRIPTION_CHARACTERS, URL_CHARACTERS, Webhook
from minigiants.notifications.selectors import Subject, subjects_of_person, webhooks_of_person
from minigiants.notifications.webhook_events import all_kinds
from minigiants.notifications.webhooks import (
    delivery_replay,
    webhook_change,
    webhook_create,
    webhook_delete,
    webhook_rotate,
    webhook_test,
)
from minigiants.web.views.people import person_of

PAGE_ROWS = 25


class WebhookForm(forms.Form):
    """A new webhook: where it goes, and what it hears of."""

    subject = forms.ChoiceField(label="It hears of")
    url = forms.URLField(
        max_length=URL_CHARACTERS,
        assume_scheme="https",
        label="Address",
        help_text="HTTPS, on a public address.",
        widget=forms.URLInput(attrs={"autocomplete": "off"}),
    )
    kinds = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, label="Only these events"
    )
    description = forms.CharField(
        required=False,
        max_length=DESCRIPTION_CHARACTERS,
        help_text="For you, such as “our chat”.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, subjects: list[Subject], *args: Any) -> None:
        super().__init__(*args)
        self.subjects = {subject.key: subject for subject in subjects}
        chosen = cast(forms.ChoiceField, self.fields["subject"])
        chosen.choices = [(key, str(subject)) for key, subject in self.subjects.items()]
        kinds = cast(forms.MultipleChoiceField, self.fields["kinds"])
        kinds.choices = [(kind.name, kind.summary) for kind in all_kinds()]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """The person's webhooks. A POST makes one; its secret is on that one answer."""
    person = person_of(request)
    subjects = subjects_of_person(user=person)
    form = WebhookForm(subjects, *([request.POST] if request.method == "POST" else []))
    context: dict[str, Any] = {"form": form, "subjects": subjects}
    if request.method == "POST" and form.is_valid():
        asked = dict(form.cleaned_data)
        subject = form.subjects[asked.pop("subject")]
        try:
            made, secret = webhook_create(user=person, subject=subject, **asked)
        except Problem as problem:
            form.add_error(None, f"{problem.detail} {problem.how_to_mend}")
        else:
            context |= {"form": WebhookForm(subjects), "made": made, "secret": secret}
    context["webhooks"] = webhooks_of_person(user=person)
    return render(request, "web/settings/webhooks.html", context)


def _own(person: User, webhook_id: UUID) -> Webhook:
    webhook = webhooks_of_person(user=person).filter(pk=webhook_id).first()
    if webhook is None:
        raise NotFound("You have no such webhook.")
    return webhook


def _page(request: HttpRequest, webhook: Webhook, **more: Any) -> HttpResponse:
    deliveries = webhook.deliveries.prefetch_related("log")
    context = {
        "webhook": webhook,
        "rows": Paginator(deliveries, PAGE_ROWS).get_page(request.GET.get("page")),
        **more,
    }
    return render(request, "web/settings/webhook.html", context)


@never_cache
@require_safe
def read(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """One webhook, with the log of what was sent."""
    return _page(request, _own(person_of(request), webhook_id))


@never_cache
@require_POST
def rotate(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """Give it a new secret, which is on this one answer."""
    person = person_of(request)
    webhook, secret = webhook_rotate(user=person, webhook=_own(person, webhook_id))
    return _page(request, webhook, secret=secret)


@require_POST
def switch(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """Switch it off, or on again."""
    person = person_of(request)
    webhook = _own(person, webhook_id)
    changed = webhook_change(user=person, webhook=webhook, enabled=not webhook.is_enabled)
    messages.success(request, "It is on." if changed.is_enabled else "It is off.")
    return redirect("web:webhook", webhook_id=webhook_id)


@require_POST
def delete(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """Remove it."""
    person = person_of(request)
    webhook_delete(user=person, webhook=_own(person, webhook_id))
    messages.success(request, "The webhook is removed.")
    return redirect("web:webhooks")


@require_POST
def test(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """Send a message for trying."""
    webhook_test(webhook=_own(person_of(request), webhook_id))
    messages.success(request, "A message is on its way; reload to see how it went.")
    return redirect("web:webhook", webhook_id=webhook_id)


@require_POST
def replay(request: HttpRequest, webhook_id: UUID, delivery_id: UUID) -> HttpResponse:
    """Send a message again."""
    delivery_replay(webhook=_own(person_of(request), webhook_id), delivery_id=delivery_id)
    messages.success(request, "The message is on its way again.")
    return redirect("web:webhook", webhook_id=webhook_id)
