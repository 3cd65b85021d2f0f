"""Competitions: the list, and the tabs that anybody may read."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from minigiants.competitions.file_preview import preview_of
from minigiants.competitions.selectors import (
    competition_list,
    optional_pages,
    public_file,
    public_files,
    rules_accepted,
)
from minigiants.competitions.services import rules_accept
from minigiants.core.problems import NotFound
from minigiants.web.competition_cards import competition_cards
from minigiants.web.competition_filters import STATES, CompetitionFilter
from minigiants.web.page_text import page_text
from minigiants.web.views.competition_page import competition_page
from minigiants.web.views.people import person_of


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The competitions, or those that suit what is asked for."""
    cards = competition_cards(competition_list(user=request.user))
    asked = CompetitionFilter.of(request.GET)
    context = {
        "section": "competitions",
        "cards": asked.pick(cards),
        "filter": asked,
        "states": STATES,
        "tasks": sorted({card.spec.task.type for card in cards}),
    }
    return render(request, "web/competitions.html", context)


@require_safe
def overview(request: HttpRequest, slug: str) -> HttpResponse:
    """What the competition asks."""
    page = competition_page(request, slug)
    text = page_text(page.version, "overview")
    return render(request, "web/competition/overview.html", page.context("overview", text=text))


@require_safe
def data(request: HttpRequest, slug: str) -> HttpResponse:
    """The public files, and what they hold."""
    page = competition_page(request, slug)
    context = page.context(
        "data",
        text=page_text(page.version, "data"),
        files=public_files(version=page.version),
    )
    return render(request, "web/competition/data.html", context)


@require_safe
def data_file(request: HttpRequest, slug: str, path: str) -> HttpResponse:
    """How a public file begins."""
    page = competition_page(request, slug)
    file = public_file(version=page.version, path=path)
    context = page.context("data", file=file, preview=preview_of(file))
    return render(request, "web/competition/data_file.html", context)


@require_safe
def more(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """A page that this pack has beside those that every pack has."""
    page = competition_page(request, slug)
    if name not in optional_pages(page.version):
        raise NotFound("The competition has no such page.")
    context = page.context("more", text=page_text(page.version, name), page_name=name)
    return render(request, "web/competition/more.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def rules(request: HttpRequest, slug: str) -> HttpResponse:
    """The rules; a POST accepts them as they stand."""
    page = competition_page(request, slug)
    if request.method == "POST":
        rules_accept(user=person_of(request), competition=page.competition)
        messages.success(request, "You have accepted the rules. You can hand in now.")
        return redirect("web:submit", slug=slug)
    context = page.context(
        "rules",
        text=page_text(page.version, "rules"),
        accepted=rules_accepted(user=request.user, competition=page.competition),
    )
    return render(request, "web/competition/rules.html", context)
