"""A Problem that a view raises becomes a page that says what happened and how to mend it."""

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin

from minigiants.core.problems import NotAuthenticated, Problem


class ProblemPages(MiddlewareMixin):
    """Renders what pages raise; the API renders its own problems before they come here."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The page for a Problem; None leaves every other exception to Django."""
        if isinstance(exception, NotAuthenticated):
            return redirect_to_login(request.get_full_path())
        if isinstance(exception, Problem):
            return render(
                request, "web/problem.html", {"problem": exception}, status=exception.status
            )
        return None
