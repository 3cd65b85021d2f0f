"""Coming into a competition that is not public, by its link or an invitation."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from minigiants.competitions.people import competition_join
from minigiants.web.views.people import person_of


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, slug: str, secret: str) -> HttpResponse:
    """Ask before joining; a POST joins. Before that not even the title is told."""
    if request.method == "POST":
        competition = competition_join(user=person_of(request), slug=slug, secret=secret)
        messages.success(request, f"You are in. Welcome to {competition.title}.")
        return redirect("web:competition", slug=slug)
    return render(request, "web/join.html", {"section": "competitions"})
