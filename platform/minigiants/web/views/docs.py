"""Documentation in the site."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from minigiants.web.documentation import documentation_page
from minigiants.web.error_catalogue import error_catalogue


@require_safe
def quickstart(request: HttpRequest) -> HttpResponse:
    """From an account to a score."""
    context = {
        "section": "docs",
        "install_commands": "\n".join(
            [
                "pip install minigiants",
                f"minigiants login --url {settings.BASE_URL}",
                "minigiants submit ./model -c digits -m 'first try' --wait",
            ]
        ),
        "check_commands": "minigiants check ./model -c digits\nminigiants score ./model -c digits",
        "ci_commands": "\n".join(
            [
                f"export MINIGIANTS_URL={settings.BASE_URL}",
                "export MINIGIANTS_TOKEN=…  # from the secret",
                "minigiants submit ./model -c digits --wait --json",
            ]
        ),
    }
    return render(request, "web/docs/quickstart.html", context)


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
