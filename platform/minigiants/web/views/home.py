"""The start page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from minigiants.competitions.selectors import competition_list
from minigiants.web.competition_cards import competition_cards, with_glimpses

SHOWN = 4


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What this is, and what runs."""
    running = [
        card for card in competition_cards(competition_list(user=request.user)) if card.is_running
    ]
    context = {"cards": with_glimpses(running[:SHOWN]), "more": len(running) > SHOWN}
    return render(request, "web/home.html", context)
