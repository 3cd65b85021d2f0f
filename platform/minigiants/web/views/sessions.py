"""Where the person is logged in."""

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from minigiants.core.problems import NotFound
from minigiants.web.views.people import person_of


@never_cache
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The person's sessions that are still alive, this one marked."""
    sessions = UserSession.objects.purge_and_list(person_of(request))
    return render(request, "web/settings/sessions.html", {"sessions": sessions})


@require_POST
def end(request: HttpRequest, session_id: int) -> HttpResponse:
    """End one of the person's sessions, at once."""
    session = UserSession.objects.filter(pk=session_id, user=person_of(request)).first()
    if session is None:
        raise NotFound("You have no such session.")
    session.end()
    messages.success(request, "The session is over.")
    return redirect("web:sessions")
