"""What the hosts announce."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from minigiants.community.announcements import announcement_publish, announcement_withdraw
from minigiants.community.policies import may_moderate
from minigiants.community.selectors import announcement_list
from minigiants.web.views.competition_page import competition_page
from minigiants.web.views.discussions import ThreadForm
from minigiants.web.views.people import person_of

A_PAGE = 20


@require_http_methods(["GET", "HEAD", "POST"])
def index(request: HttpRequest, slug: str) -> HttpResponse:
    """The announcements, the newest first. A host's POST publishes one."""
    page = competition_page(request, slug)
    form = ThreadForm(request.POST or None)
    if request.method == "POST":
        person = person_of(request)
        if form.is_valid():
            announcement_publish(
                user=person,
                competition=page.competition,
                title=form.cleaned_data["title"],
                body=form.cleaned_data["body"],
            )
            messages.success(request, "It is announced, and all participants are told.")
            return redirect("web:announcements", slug=slug)
    context = page.context(
        "announcements",
        announcements=Paginator(announcement_list(page.competition), A_PAGE).get_page(
            request.GET.get("page")
        ),
        moderates=may_moderate(user=request.user, competition=page.competition),
        form=form,
    )
    return render(request, "web/competition/announcements.html", context)


@require_POST
def withdraw(request: HttpRequest, slug: str, announcement_id: UUID) -> HttpResponse:
    """Take an announcement off the page."""
    announcement_withdraw(user=person_of(request), announcement_id=announcement_id)
    messages.success(request, "The announcement is off the page.")
    return redirect("web:announcements", slug=slug)
