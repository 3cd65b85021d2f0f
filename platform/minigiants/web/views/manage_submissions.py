"""What teams have handed in, as hosts see it: the list, and each with all that is hidden."""

from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.text import slugify
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from minigiants.competitions.models import Competition
from minigiants.competitions.policies import HostAction
from minigiants.core.problems import NotFound
from minigiants.submissions.hosted import hosted_submission_get, submissions_hosted
from minigiants.submissions.hosted_presentation import hosted_log, hosted_submission
from minigiants.submissions.lifecycle import Status
from minigiants.submissions.models import Submission
from minigiants.web.measured import measured_rows
from minigiants.web.views.downloads import MAX_ROWS, csv_download, json_download, text_download
from minigiants.web.views.managed_competition import ManagedCompetition, managed_competition
from minigiants.web.views.people import person_of

PAGE_ROWS: Final = 50
COLUMNS: Final = (
    "id",
    "team",
    "number",
    "status",
    "phase",
    "division",
    "format",
    "parameters",
    "public_score",
    "is_late",
    "disqualified_for",
    "version",
    "handed_in_at",
)


class FilterForm(forms.Form):
    """Which submissions are shown."""

    status = forms.ChoiceField(
        required=False, choices=[("", "All states"), *Status.choices], label="State"
    )
    team = forms.CharField(required=False, max_length=80, label="Team")
    is_ruled_out = forms.BooleanField(required=False, label="Disqualified only")

    def __init__(self, *args: Any, competition: Competition, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        phases = competition.phases.values_list("slug", "title")
        divisions = competition.divisions.values_list("slug", "title")
        self.fields["phase"] = forms.ChoiceField(
            required=False, label="Phase", choices=[("", "All phases"), *phases]
        )
        self.fields["division"] = forms.ChoiceField(
            required=False, label="Division", choices=[("", "All divisions"), *divisions]
        )


@never_cache
@login_required
@require_safe
def index(request: HttpRequest, slug: str) -> HttpResponse:
    """What all teams have handed in; `?format=csv` or `json` downloads what the filters leave."""
    managed = managed_competition(request, slug)
    form = FilterForm(request.GET, competition=managed.competition)
    chosen = form.cleaned_data if form.is_valid() else {}
    rows = submissions_hosted(competition=managed.competition, **chosen)
    wanted = request.GET.get("format", "")
    if wanted in {"csv", "json"}:
        told = [_told(row) for row in rows[:MAX_ROWS]]
        if wanted == "json":
            return json_download(f"{slug}-submissions.json", {"items": told})
        return csv_download(f"{slug}-submissions.csv", columns=COLUMNS, rows=told)
    context = managed.context(
        "submissions",
        form=form,
        rows=Paginator(rows, PAGE_ROWS).get_page(request.GET.get("page")),
    )
    return render(request, "web/manage/submissions.html", context)


def _told(row: Submission) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "team": row.team.name,
        "number": row.number,
        "status": row.status,
        "phase": row.phase.slug,
        "division": row.division.slug if row.division else "",
        "format": row.artifact.format,
        "parameters": row.inspection.parameters,
        "public_score": row.public_score,
        "is_late": row.is_late,
        "disqualified_for": row.disqualified_for,
        "version": row.pack_version.number,
        "handed_in_at": row.created_at.isoformat(),
    }


def _managed(
    request: HttpRequest, slug: str, submission_id: UUID
) -> tuple[Submission, ManagedCompetition]:
    submission = hosted_submission_get(user=person_of(request), submission_id=submission_id)
    if submission.competition.slug != slug:
        raise NotFound("This competition has no such submission.")
    return submission, ManagedCompetition(submission.competition, person_of(request))


@never_cache
@login_required
@require_safe
def read(request: HttpRequest, slug: str, submission_id: UUID) -> HttpResponse:
    """A submission with its runs, their private scores, and details and logs for who may."""
    submission, managed = _managed(request, slug, submission_id)
    context = managed.context("submissions", submission=submission)
    view = hosted_submission(submission, tells_hidden=context["may_run"])
    context["view"] = view
    context["runs"] = [(run, measured_rows(run.measurements)) for run in view.evaluations]
    return render(request, "web/manage/submission.html", context)


@never_cache
@login_required
@require_safe
def log(request: HttpRequest, slug: str, submission_id: UUID) -> HttpResponse:
    """What this host may read of the details and logs of all runs of a submission, as a text."""
    submission, managed = _managed(request, slug, submission_id)
    view = hosted_submission(submission, tells_hidden=managed.may(HostAction.RUN))
    name = "-".join(filter(None, (slug, slugify(view.team), str(view.number))))
    return text_download(f"{name}.log", hosted_log(view))
