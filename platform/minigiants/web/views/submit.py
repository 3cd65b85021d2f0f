"""Handing in from the browser."""

import shlex
from dataclasses import dataclass
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from evaluator.inspection.judgement import Judgement
from minigiants.accounts.models import User
from minigiants.artifacts.inspection import artifact_inspect
from minigiants.artifacts.models import Artifact
from minigiants.artifacts.selectors import artifact_get, judgement_of
from minigiants.competitions.selectors import rules_accepted
from minigiants.core.problems import NotFound, Problem
from minigiants.submissions.selectors import artifacts_uploaded, quota_of
from minigiants.submissions.services import MESSAGE_CHARACTERS, submission_create
from minigiants.web.views.competition_page import CompetitionPage, competition_page
from minigiants.web.views.people import person_or_none

EARLIER = 10
"""How many of the models that were uploaded before are offered."""


class HandInForm(forms.Form):
    """An inspected model, and a word about it."""

    artifact = forms.UUIDField(widget=forms.HiddenInput)
    message = forms.CharField(
        max_length=MESSAGE_CHARACTERS,
        required=False,
        strip=True,
        help_text="For your own team, to tell submissions apart.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


@dataclass(frozen=True)
class InspectedModel:
    """An uploaded model and what inspection says of it."""

    artifact: Artifact
    judgement: Judgement

    @property
    def division_title(self) -> str:
        """The title of the division that it enters; empty where it is refused."""
        return next(
            (g.title for g in self.judgement.gauges if g.slug == self.judgement.division), ""
        )


def _inspected(page: CompetitionPage, person: User, artifact_id: UUID) -> InspectedModel:
    artifact = artifact_get(user=person, artifact_id=artifact_id)
    if artifact.team.competition_id != page.competition.pk:
        raise NotFound("This model was uploaded for another competition.")
    inspection = artifact_inspect(artifact=artifact, version=page.version)
    return InspectedModel(artifact, judgement_of(inspection, page.spec))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def submit(request: HttpRequest, slug: str) -> HttpResponse:
    """Upload, read the verdict, hand in. `?artifact=` names a model that is uploaded already.

    htmx asks for the verdict alone.
    """
    page = competition_page(request, slug)
    person = person_or_none(request)
    command = shlex.join(["minigiants", "submit", "./model", "-c", slug, "--wait"])
    context = page.context("submit", command=command)
    if person is None:
        return render(request, "web/competition/submit_log_in.html", context)
    if not rules_accepted(user=person, competition=page.competition):
        return render(request, "web/competition/submit_rules.html", context)
    problem: Problem | None = None
    form = HandInForm(request.POST or {"artifact": request.GET.get("artifact", "")})
    if request.method == "POST" and form.is_valid():
        try:
            submission = submission_create(
                user=person,
                competition=page.competition,
                artifact_id=form.cleaned_data["artifact"],
                message=form.cleaned_data["message"],
            )
        except Problem as raised:
            problem = raised
        else:
            return redirect("web:submission", submission_id=submission.pk)
    named = form["artifact"].value()
    form.full_clean()
    model = (
        _inspected(page, person, form.cleaned_data["artifact"])
        if named and "artifact" in form.cleaned_data
        else None
    )
    context |= {
        "form": form,
        "model": model,
        "problem": problem,
        "earlier": artifacts_uploaded(user=person, competition=page.competition)[:EARLIER],
        "quota": (
            quota_of(user=person, competition=page.competition)
            if page.phase or page.late_phase
            else None
        ),
    }
    template = "verdict" if request.htmx else "submit"  # type: ignore[attr-defined]
    return render(
        request,
        f"web/competition/{template}.html",
        context,
        status=problem.status if problem else 200,
    )
