"""Trials of packs as the hosts who started them watch them."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from minigiants.competitions.problems import PackFault
from minigiants.submissions.trial_presentation import trial_get, trial_view
from minigiants.web.views.managed_competition import managed_competition


@never_cache
@vary_on_headers("HX-Request")
@login_required
@require_safe
def read(request: HttpRequest, slug: str, trial_id: UUID) -> HttpResponse:
    """The baselines of a pack on their way. htmx asks for what changes alone."""
    managed = managed_competition(request, slug)
    trial = trial_get(competition=managed.competition, trial_id=trial_id)
    view = trial_view(trial)
    context = managed.context(
        "overview",
        trial=view,
        tried=trial.version.spec,
        faults=[PackFault(**fault) for fault in view.faults],
    )
    template = "trial_state" if request.htmx else "trial"  # type: ignore[attr-defined]
    return render(request, f"web/manage/{template}.html", context)
