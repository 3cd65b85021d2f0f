"""The pages on which hosts run their competitions."""

from collections.abc import Callable, Mapping
from typing import BinaryIO, Final, cast
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from minigiants.competitions.models import Host
from minigiants.competitions.pack_access import Audience
from minigiants.competitions.pack_fields import SLUG
from minigiants.competitions.people import (
    competition_invite,
    host_remove,
    host_set,
    invitation_revoke,
)
from minigiants.competitions.policies import HostAction
from minigiants.competitions.selectors import (
    audit_of,
    competitions_hosted,
    hosts_of,
)
from minigiants.competitions.services import competition_unpublish
from minigiants.core.problems import InvalidInput, Problem
from minigiants.leaderboards.hosting import team_disqualify, team_reinstate
from minigiants.leaderboards.selectors import private_boards
from minigiants.submissions.baselines import baseline_entries
from minigiants.submissions.hosting import archive_publish
from minigiants.submissions.models import Trial
from minigiants.submissions.rescoring import rescore_cancel, rescore_offer, rescore_start
from minigiants.submissions.rulings import submission_disqualify, submission_reinstate
from minigiants.submissions.templates import TEMPLATES, template_publish
from minigiants.submissions.trial_presentation import trials_of
from minigiants.submissions.trials import trial_cancel
from minigiants.web.views.managed_competition import ManagedCompetition, managed_competition
from minigiants.web.views.people import person_of

PAGE_ROWS: Final = 50


class PackForm(forms.Form):
    """A pack as an archive, and the address at which it is published."""

    slug = forms.RegexField(
        SLUG, max_length=32, label="Address", help_text="Lower-case letters, digits and hyphens."
    )
    archive = forms.FileField(
        label="Pack",
        help_text="A ZIP file with the built data in the folder built. "
        "The command line makes one: minigiants host publish.",
    )


class TemplateForm(forms.Form):
    """A competition to begin with, of a type of task."""

    task = forms.ChoiceField(
        label="Task", choices=[(name, name.replace("-", " ").capitalize()) for name in TEMPLATES]
    )
    title = forms.CharField(max_length=80)
    slug = forms.RegexField(
        SLUG, max_length=32, label="Address", help_text="Lower-case letters, digits and hyphens."
    )


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """The competitions that one runs; a POST publishes a pack from an archive."""
    person = person_of(request)
    form = PackForm(request.POST or None, request.FILES or None)
    problem: Problem | None = None
    may_found = person.is_staff or person.has_perm("competitions.add_competition")
    if request.method == "POST" and form.is_valid():
        slug = form.cleaned_data["slug"]
        archive = cast(BinaryIO, form.cleaned_data["archive"])
        try:
            answer = archive_publish(slug=slug, archive=archive, actor=person)
        except Problem as raised:
            problem = raised
        else:
            if isinstance(answer, Trial):
                return redirect("web:manage_trial", slug=slug, trial_id=answer.pk)
            messages.success(request, f"Version {answer.version.number} serves.")
            return redirect("web:manage", slug=slug)
    context = {
        "section": "manage",
        "competitions": competitions_hosted(user=person),
        "form": form,
        "template_form": TemplateForm(auto_id="template-%s") if may_found else None,
        "problem": problem,
        "faults": problem.extra.get("faults", []) if problem else [],
    }
    status = problem.status if problem else 200
    return render(request, "web/manage/index.html", context, status=status)


@never_cache
@login_required
@require_POST
def begin(request: HttpRequest) -> HttpResponse:
    """Found a competition from a template."""
    form = TemplateForm(request.POST, auto_id="template-%s")
    if form.is_valid():
        try:
            published = template_publish(**form.cleaned_data, actor=person_of(request))
        except Problem as problem:
            form.add_error(None, f"{problem.title}. {problem.detail} {problem.how_to_mend}")
        else:
            messages.success(
                request,
                "It is there, for you and whom you invite. Now make it yours: pages and settings "
                "here, data and metric in its pack.",
            )
            return redirect("web:manage", slug=published.version.competition.slug)
    context = {
        "section": "manage",
        "competitions": competitions_hosted(user=person_of(request)),
        "form": PackForm(),
        "template_form": form,
    }
    return render(request, "web/manage/index.html", context, status=422)


@never_cache
@login_required
@require_safe
def overview(request: HttpRequest, slug: str) -> HttpResponse:
    """Hosts, invitations, the version that serves, its baselines and boards, and rescores."""
    managed = managed_competition(request, slug)
    competition = managed.competition
    may_run = managed.may(HostAction.RUN)
    link = f"{settings.BASE_URL}/competitions/{slug}/join/{competition.link_secret}/"
    context = managed.context(
        "overview",
        hosts=hosts_of(competition=competition),
        roles=Host.Role.choices,
        invitations=competition.invitations.all()[:100] if may_run else [],
        link=link if may_run and competition.audience == Audience.LINK else "",
        offer=rescore_offer(competition=competition) if competition.current_version else None,
        rescores=competition.rescores.select_related("version")[:10],
        trials=trials_of(competition=competition)[:5] if may_run else [],
        phases=private_boards(competition=competition),
    )
    context["baselines"] = baseline_entries(version=context["version"])
    return render(request, "web/manage/overview.html", context)


@never_cache
@login_required
@require_safe
def audit(request: HttpRequest, slug: str) -> HttpResponse:
    """Who changed what, the newest first."""
    managed = managed_competition(request, slug)
    rows = Paginator(audit_of(competition=managed.competition), PAGE_ROWS)
    context = managed.context("audit", rows=rows.get_page(request.GET.get("page")))
    return render(request, "web/manage/audit.html", context)


def _set_host(managed: ManagedCompetition, form: Mapping[str, str]) -> str:
    host = host_set(
        competition=managed.competition,
        actor=managed.person,
        username=form.get("username", "").strip(),
        role=form.get("role", ""),
    )
    return f"{host.user.username} is {host.get_role_display().lower()} now."


def _remove_host(managed: ManagedCompetition, form: Mapping[str, str]) -> str:
    username = form.get("username", "")
    host_remove(competition=managed.competition, actor=managed.person, username=username)
    return f"{username} is no host any more."


def _invite(managed: ManagedCompetition, form: Mapping[str, str]) -> str:
    invitation = competition_invite(
        competition=managed.competition, actor=managed.person, email=form.get("email", "")
    )
    return f"An invitation goes to {invitation.email}."


def _revoke(managed: ManagedCompetition, form: Mapping[str, str]) -> str:
    invitation_revoke(
        competition=managed.competition, actor=managed.person, invitation_id=_identity(form)
    )
    return "The invitation is revoked."


def _unpublish(managed: ManagedCompetition, form: Mapping[str, str]) -> str:
    competition_unpublish(competition=managed.competition, actor=managed.person)
    return "The competition is out of sight. Publishing its pack brings it back."


def _rescore(managed: ManagedCompetition, form: Mapping[str, str]) -> str:
    rescore_start(
        competition=managed.competition, actor=managed.person, reason=form.get("reason", "")
    )
    return "The rescore has begun. Boards change once all of it is done."


def _cancel_rescore(managed: ManagedCompetition, form: Mapping[str, str]) -> str:
    rescore_cancel(
        competition=managed.competition, rescore_id=_identity(form), actor=managed.person
    )
    return "The rescore is given up; every score stays as it was."


def _cancel_trial(managed: ManagedCompetition, form: Mapping[str, str]) -> str:
    trial = trial_cancel(
        competition=managed.competition, trial_id=_identity(form), actor=managed.person
    )
    return f"The trial of version {trial.version.number} is given up; what serves goes on."


def _disqualify(managed: ManagedCompetition, form: Mapping[str, str]) -> str:
    submission = submission_disqualify(
        user=managed.person, submission_id=_identity(form), reason=form.get("reason", "")
    )
    return f"#{submission.number} of {submission.team} counts no more."


def _reinstate(managed: ManagedCompetition, form: Mapping[str, str]) -> str:
    submission = submission_reinstate(
        user=managed.person, submission_id=_identity(form), reason=form.get("reason", "")
    )
    return f"#{submission.number} of {submission.team} counts again."


def _disqualify_team(managed: ManagedCompetition, form: Mapping[str, str]) -> str:
    team = team_disqualify(
        user=managed.person,
        competition=managed.competition,
        team_id=_identity(form),
        reason=form.get("reason", ""),
    )
    return f"{team} stands on no board any more."


def _reinstate_team(managed: ManagedCompetition, form: Mapping[str, str]) -> str:
    team = team_reinstate(
        user=managed.person,
        competition=managed.competition,
        team_id=_identity(form),
        reason=form.get("reason", ""),
    )
    return f"{team} stands on the boards again."


def _identity(form: Mapping[str, str]) -> UUID:
    try:
        return UUID(form.get("id", ""))
    except ValueError:
        raise InvalidInput("The form names nothing that exists.") from None


_ACTIONS: Final[
    Mapping[str, tuple[Callable[[ManagedCompetition, Mapping[str, str]], str], str]]
] = {
    "set-host": (_set_host, "web:manage"),
    "remove-host": (_remove_host, "web:manage"),
    "invite": (_invite, "web:manage"),
    "revoke": (_revoke, "web:manage"),
    "unpublish": (_unpublish, "web:manage"),
    "rescore": (_rescore, "web:manage"),
    "cancel-rescore": (_cancel_rescore, "web:manage"),
    "cancel-trial": (_cancel_trial, "web:manage"),
    "disqualify": (_disqualify, "web:manage_submissions"),
    "reinstate": (_reinstate, "web:manage_submissions"),
    "disqualify-team": (_disqualify_team, "web:manage_teams"),
    "reinstate-team": (_reinstate_team, "web:manage_teams"),
}


@login_required
@require_POST
def act(request: HttpRequest, slug: str, action: str) -> HttpResponse:
    """Do one of `_ACTIONS`, and say what came of it on the page that it was asked on.

    That is the form's `next`, an address of this site, or else the page that the action belongs to.
    """
    managed = managed_competition(request, slug)
    if action not in _ACTIONS:
        raise Http404
    run, page = _ACTIONS[action]
    try:
        messages.success(request, run(managed, request.POST.dict()))
    except Problem as problem:
        messages.error(request, f"{problem.title}. {problem.detail} {problem.how_to_mend}")
    asked_on = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(asked_on, allowed_hosts=None):
        return redirect(asked_on)
    return redirect(page, slug=slug)
