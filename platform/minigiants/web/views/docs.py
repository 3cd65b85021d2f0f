"""Documentation in the site."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from minigiants.web.documentation import documentation_page
from minigiants.web.error_catalogue import error_catalogue


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All pages of the documentation."""
    return render(request, "web/docs/index.html", {"section": "docs"})


@require_safe
def errors(request: HttpRequest) -> HttpResponse:
    """Every error code, each with an anchor."""
    return render(
        request, "web/docs/errors.html", {"section": "docs", "catalogue": error_catalogue()}
    )


@require_safe
def page(request: HttpRequest, name: str) -> HttpResponse:
    """A page of the documentation."""
    context = {"section": "docs", "page": documentation_page(name)}
    return render(request, "web/docs/page.html", context)
