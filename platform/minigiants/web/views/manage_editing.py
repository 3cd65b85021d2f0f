"""Editing a competition's pages and settings. What is saved is a new version of its pack."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from minigiants.competitions.pack_fields import SLUG
from minigiants.competitions.pack_folder import FILE_BYTES, REQUIRED_PAGES
from minigiants.competitions.policies import HostAction
from minigiants.competitions.problems import PackChanged, PackRefused, PageExists, PageNeeded
from minigiants.competitions.services import require_host
from minigiants.core.problems import NotFound
from minigiants.submissions.editing import (
    PAGE_NAME_CHARACTERS,
    page_add,
    page_edit,
    page_remove,
    settings_edit,
)
from minigiants.submissions.hosting import Published
from minigiants.web.page_text import html_below
from minigiants.web.views.managed_competition import ManagedCompetition, managed_competition
from minigiants.web.views.settings_form import SettingsForm


class PageForm(forms.Form):
    """A page's Markdown, and the version of the pack that it was read from."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    text = forms.CharField(
        label="Markdown",
        max_length=FILE_BYTES,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 24, "spellcheck": "true"}),
    )


class NewPageForm(PageForm):
    """A page that the pack does not have yet."""

    name = forms.RegexField(
        SLUG,
        max_length=PAGE_NAME_CHARACTERS,
        label="Name",
        help_text="The page's address and its tab: lower-case letters, digits and hyphens.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class VersionForm(forms.Form):
    """The version of the pack that a form was filled from."""

    version = forms.IntegerField(widget=forms.HiddenInput)


def _runs(request: HttpRequest, slug: str) -> ManagedCompetition:
    """The competition, for whoever may edit it. Raises NotPermitted."""
    managed = managed_competition(request, slug)
    require_host(actor=managed.person, slug=slug, action=HostAction.RUN)
    return managed


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """The editor of one page; a POST saves, or only shows what the text looks like."""
    managed = _runs(request, slug)
    context = managed.context("pages", page_name=name)
    version = context["version"]
    if name not in version.pages:
        raise NotFound("The pack has no such page.")
    context["is_optional"] = name not in REQUIRED_PAGES
    form = PageForm(
        request.POST or None, initial={"version": version.number, "text": version.pages[name]}
    )
    return _editor(request, managed, context, form, page_edit)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_page(request: HttpRequest, slug: str) -> HttpResponse:
    """The editor of a page that is added; a POST saves, or only shows what it looks like."""
    managed = _runs(request, slug)
    context = managed.context("pages")
    form = NewPageForm(request.POST or None, initial={"version": context["version"].number})
    return _editor(request, managed, context, form, page_add)


def _editor(
    request: HttpRequest,
    managed: ManagedCompetition,
    context: dict[str, Any],
    form: PageForm,
    save: Callable[..., Published],
) -> HttpResponse:
    """The editor with `form`. The page's name is in the context, or else in the form."""
    if request.method == "POST" and form.is_valid() and "preview" not in request.POST:
        told = form.cleaned_data
        name = told.get("name") or context["page_name"]
        try:
            published = save(
                competition=managed.competition,
                number=told["version"],
                name=name,
                text=told["text"],
                actor=managed.person,
            )
        except PackRefused as refused:
            form.add_error("text", [str(fault) for fault in refused.faults])
        except PageExists as exists:
            form.add_error("name", f"{exists.title}. {exists.how_to_mend}")
        except PackChanged as changed:
            form.add_error(None, f"{changed.title}. {changed.detail} {changed.how_to_mend}")
        else:
            _tell(request, published)
            return redirect("web:manage_page", slug=managed.competition.slug, name=name)
    text = form["text"].value() or ""
    context |= {
        "page_names": sorted(context["version"].pages),
        "form": form,
        "preview": html_below(text[:FILE_BYTES], levels=1),
    }
    status = 422 if form.errors else 200
    return render(request, "web/manage/page_editor.html", context, status=status)


@never_cache
@login_required
@require_POST
def remove_page(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """Take an optional page out of the pack."""
    managed = _runs(request, slug)
    read = VersionForm(request.POST)
    if not read.is_valid():
        messages.error(request, "The form does not say which version it is of. Try again.")
        return redirect("web:manage_page", slug=slug, name=name)
    try:
        published = page_remove(
            competition=managed.competition,
            number=read.cleaned_data["version"],
            name=name,
            actor=managed.person,
        )
    except (PackChanged, PackRefused, PageNeeded) as problem:
        messages.error(request, f"{problem.title}. {problem.detail} {problem.how_to_mend}")
        return redirect("web:manage_page", slug=slug, name=name)
    _tell(request, published)
    return redirect("web:manage_page", slug=slug, name="overview")


@never_cache
@login_required
@require_POST
def preview(request: HttpRequest, slug: str) -> HttpResponse:
    """A text as its page would show it, while it is written."""
    _runs(request, slug)
    html = html_below(request.POST.get("text", "")[:FILE_BYTES], levels=1)
    return HttpResponse(html)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: HttpRequest, slug: str) -> HttpResponse:
    """Names, dates, quota and visibility."""
    managed = _runs(request, slug)
    context = managed.context("settings")
    version = context["version"]
    form = SettingsForm(request.POST or None, spec=version.spec)
    read = VersionForm(request.POST or None, initial={"version": version.number})
    if request.method == "POST" and form.is_valid() and read.is_valid():
        try:
            published = settings_edit(
                competition=managed.competition,
                number=read.cleaned_data["version"],
                values=form.values(),
                actor=managed.person,
            )
        except PackRefused as refused:
            form.show(refused.faults)
        except PackChanged as changed:
            form.add_error(None, f"{changed.title}. {changed.detail} {changed.how_to_mend}")
        else:
            _tell(request, published)
            return redirect("web:manage_settings", slug=slug)
    context |= {"form": form, "read": read}
    status = 422 if form.errors or read.errors else 200
    return render(request, "web/manage/settings.html", context, status=status)


def _tell(request: HttpRequest, published: Published) -> None:
    messages.success(request, f"Version {published.version.number} serves.")
    if published.offer.is_due:
        messages.warning(request, "A rescore is due: see People and pack.")
