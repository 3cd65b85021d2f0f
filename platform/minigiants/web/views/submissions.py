"""A team's submissions."""

import shlex
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from minigiants.core.problems import Problem
from minigiants.leaderboards.statistics_selectors import Certainty, public_certainty
from minigiants.submissions.lifecycle import Status
from minigiants.submissions.models import Submission
from minigiants.submissions.presentation import smoke_log, submission_view
from minigiants.submissions.selection import submission_select
from minigiants.submissions.selectors import submission_get, submission_list
from minigiants.submissions.services import submission_cancel
from minigiants.web.charts.difference_chart import difference_chart
from minigiants.web.measured import measured_rows
from minigiants.web.steps import TITLES, steps_of
from minigiants.web.views.competition_page import competition_page
from minigiants.web.views.people import person_of

PAGE_ROWS = 25


@never_cache
@require_safe
def index(request: HttpRequest, slug: str) -> HttpResponse:
    """What the person's team has handed in, the newest first."""
    page = competition_page(request, slug)
    rows = submission_list(user=person_of(request), competition=page.competition)
    rows = rows.prefetch_related(None)  # a row of the list needs neither runs nor steps
    context = page.context(
        "submissions",
        rows=Paginator(rows, PAGE_ROWS).get_page(request.GET.get("page")),
        decimals=page.spec.ranking_metric.decimals,
    )
    return render(request, "web/competition/submissions.html", context)


def _context(submission: Submission) -> dict[str, Any]:
    view = submission_view(submission)
    slug = view.competition
    submit = ["minigiants", "submit", "./model", "-c", slug, "--wait"]
    if view.message:
        submit += ["-m", view.message]
    judgement = view.judgement
    best, metric = view.against_best, submission.pack_version.spec.ranking_metric
    return {
        "section": "competitions",
        "competition": submission.competition,
        "spec": submission.pack_version.spec,
        "submission": submission,
        "view": view,
        "steps": steps_of(view),
        "status_title": TITLES[submission.status],  # type: ignore[index]
        "gauges": [g for g in judgement.gauges if g.slug == view.division] or judgement.gauges,
        "certainty": _certainty(submission),
        "decimals": metric.decimals,
        "difference": difference_chart(best, decimals=metric.decimals) if best else "",
        "measured": measured_rows(view.measurements),
        "log": smoke_log(submission) if view.has_log else "",
        "score_command": shlex.join(["minigiants", "score", "./model", "-c", slug]),
        "submit_command": shlex.join(submit),
    }


def _certainty(submission: Submission) -> Certainty | None:
    """What noise allows to be said of its score: of the team's best, which stands on the board."""
    if submission.status != Status.SCORED or submission.division_id is None:
        return None
    return public_certainty(
        phase_id=submission.phase_id,
        division_id=submission.division_id,
        submission_id=submission.pk,
    )


@never_cache
@require_safe
def read(request: HttpRequest, submission_id: UUID) -> HttpResponse:
    """A submission: where it is, and what came of it."""
    submission = submission_get(user=person_of(request), submission_id=submission_id)
    return render(request, "web/submission/page.html", _context(submission))


@never_cache
@require_safe
def live(request: HttpRequest, submission_id: UUID) -> HttpResponse:
    """The part of the page that changes, for the script that keeps it up to date."""
    submission = submission_get(user=person_of(request), submission_id=submission_id)
    return render(request, "web/submission/live.html", _context(submission))


@require_POST
def cancel(request: HttpRequest, submission_id: UUID) -> HttpResponse:
    """Stop a submission that is under way."""
    try:
        submission_cancel(user=person_of(request), submission_id=submission_id)
    except Problem as problem:
        if problem.status != 409:
            raise
        messages.warning(request, f"{problem.title}. {problem.how_to_mend}")
    else:
        messages.success(request, "The submission is cancelled. No quota was charged.")
    return redirect("web:submission", submission_id=submission_id)


@require_POST
def select(request: HttpRequest, submission_id: UUID) -> HttpResponse:
    """Make a submission a final selection of its team, or take that back."""
    is_selected = request.POST.get("selected") == "yes"
    try:
        submission_select(
            user=person_of(request), submission_id=submission_id, is_selected=is_selected
        )
    except Problem as problem:
        if problem.status != 409:
            raise
        messages.warning(request, f"{problem.title}. {problem.detail} {problem.how_to_mend}")
    else:
        messages.success(
            request,
            "It is one of your team's final selections now."
            if is_selected
            else "It is no final selection any more.",
        )
    return redirect("web:submission", submission_id=submission_id)
