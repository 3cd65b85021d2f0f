"""Discussions of a competition: the list, a thread, and what moderators do."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from minigiants.accounts.models import User
from minigiants.community.models import BODY_CHARACTERS, REASON_CHARACTERS, TITLE_CHARACTERS, Thread
from minigiants.community.moderation import (
    post_hide,
    post_report,
    post_show,
    report_dismiss,
    thread_lock,
    thread_pin,
)
from minigiants.community.policies import host_ids, may_moderate, require_moderator
from minigiants.community.selectors import (
    is_subscribed,
    open_reports,
    post_get,
    post_list,
    thread_get,
    thread_list,
)
from minigiants.community.threads import (
    post_delete,
    post_edit,
    reply_create,
    subscription_set,
    thread_create,
)
from minigiants.core.problems import InvalidInput, NotFound, Problem
from minigiants.web.views.competition_page import competition_page
from minigiants.web.views.people import person_of

THREADS_A_PAGE: Final = 30
POSTS_A_PAGE: Final = 40
TEXT_HELP: Final = "Markdown, with `code`, fenced code and $formulas$."


class BodyForm(forms.Form):
    """A text in Markdown."""

    body = forms.CharField(
        max_length=BODY_CHARACTERS,
        label="Text",
        help_text=TEXT_HELP,
        widget=forms.Textarea(attrs={"rows": 7}),
    )


class ThreadForm(BodyForm):
    """A new thread."""

    title = forms.CharField(
        max_length=TITLE_CHARACTERS, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


class ReasonForm(forms.Form):
    """Why a post is reported or hidden."""

    reason = forms.CharField(
        max_length=REASON_CHARACTERS, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


@require_safe
def index(request: HttpRequest, slug: str) -> HttpResponse:
    """The threads of a competition."""
    page = competition_page(request, slug)
    threads = thread_list(user=request.user, competition=page.competition)
    moderates = may_moderate(user=request.user, competition=page.competition)
    context = page.context(
        "discussion",
        threads=Paginator(threads, THREADS_A_PAGE).get_page(request.GET.get("page")),
        hosts=host_ids(page.competition),
        moderates=moderates,
        reports=open_reports(page.competition).count() if moderates else 0,
    )
    return render(request, "web/competition/discussion.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, slug: str) -> HttpResponse:
    """A form for a new thread; a POST opens it."""
    page = competition_page(request, slug)
    person = person_of(request)
    form = ThreadForm(request.POST or None)
    problem: Problem | None = None
    if request.method == "POST" and form.is_valid():
        try:
            made = thread_create(
                user=person,
                competition=page.competition,
                title=form.cleaned_data["title"],
                body=form.cleaned_data["body"],
            )
        except Problem as raised:
            problem = raised
        else:
            return redirect("web:thread", slug=slug, thread_id=made.pk)
    context = page.context("discussion", form=form, problem=problem)
    return render(
        request,
        "web/competition/thread_new.html",
        context,
        status=problem.status if problem else 200,
    )


@require_safe
def thread(request: HttpRequest, slug: str, thread_id: UUID) -> HttpResponse:
    """A thread with its posts."""
    return _thread_page(request, slug, thread_id)


def _found(request: HttpRequest, slug: str, thread_id: UUID) -> Thread:
    found = thread_get(user=request.user, thread_id=thread_id)
    if found.competition.slug != slug:
        raise NotFound("There is no such thread.")
    return found


def _thread_page(
    request: HttpRequest, slug: str, thread_id: UUID, *, problem: Problem | None = None
) -> HttpResponse:
    page = competition_page(request, slug)
    found = _found(request, slug, thread_id)
    posts = Paginator(post_list(found), POSTS_A_PAGE).get_page(request.GET.get("page"))
    written = {"body": request.POST.get("value", "")} if problem else None
    moderates = may_moderate(user=request.user, competition=page.competition)
    context = page.context(
        "discussion",
        thread=found,
        posts=posts,
        hosts=host_ids(page.competition),
        moderates=moderates,
        may_reply=request.user.is_authenticated and (moderates or found.locked_at is None),
        subscribed=is_subscribed(user=request.user, thread=found),
        form=BodyForm(initial=written),
        problem=problem,
    )
    return render(
        request,
        "web/competition/thread.html",
        context,
        status=problem.status if problem else 200,
    )


def _reply(person: User, thread_id: UUID, values: Mapping[str, str]) -> str:
    reply_create(user=person, thread_id=thread_id, body=values.get("body", ""))
    return "Your reply is there."


def _delete(person: User, thread_id: UUID, values: Mapping[str, str]) -> str:
    post_delete(user=person, post_id=_post(values))
    return "Your post is deleted."


def _report(person: User, thread_id: UUID, values: Mapping[str, str]) -> str:
    post_report(user=person, post_id=_post(values), reason=values.get("reason", ""))
    return "The moderators will look at it."


def _hide(person: User, thread_id: UUID, values: Mapping[str, str]) -> str:
    post_hide(user=person, post_id=_post(values), reason=values.get("reason", ""))
    return "The post is hidden, and its author is told why."


def _show(person: User, thread_id: UUID, values: Mapping[str, str]) -> str:
    post_show(user=person, post_id=_post(values))
    return "Everybody can read the post again."


def _follow(person: User, thread_id: UUID, values: Mapping[str, str]) -> str:
    subscription_set(user=person, thread_id=thread_id, wanted=True)
    return "You will hear of new replies."


def _unfollow(person: User, thread_id: UUID, values: Mapping[str, str]) -> str:
    subscription_set(user=person, thread_id=thread_id, wanted=False)
    return "You will hear no more of this thread."


def _lock(person: User, thread_id: UUID, values: Mapping[str, str]) -> str:
    thread_lock(user=person, thread_id=thread_id, locked=True)
    return "The thread takes no more replies."


def _unlock(person: User, thread_id: UUID, values: Mapping[str, str]) -> str:
    thread_lock(user=person, thread_id=thread_id, locked=False)
    return "The thread takes replies again."


def _pin(person: User, thread_id: UUID, values: Mapping[str, str]) -> str:
    thread_pin(user=person, thread_id=thread_id, pinned=True)
    return "The thread stays at the top."


def _unpin(person: User, thread_id: UUID, values: Mapping[str, str]) -> str:
    thread_pin(user=person, thread_id=thread_id, pinned=False)
    return "The thread stands among the others again."


_ACTIONS: Final[Mapping[str, Callable[[User, UUID, Mapping[str, str]], str]]] = {
    "reply": _reply,
    "delete": _delete,
    "report": _report,
    "hide": _hide,
    "show": _show,
    "follow": _follow,
    "unfollow": _unfollow,
    "lock": _lock,
    "unlock": _unlock,
    "pin": _pin,
    "unpin": _unpin,
}


def _post(values: Mapping[str, str]) -> UUID:
    try:
        return UUID(values.get("post", ""))
    except ValueError:
        raise InvalidInput("The form names no post.") from None


@never_cache
@require_POST
def change(request: HttpRequest, slug: str, thread_id: UUID, action: str) -> HttpResponse:
    """Do one thing in a thread. What can't be done is told on its page."""
    if action not in _ACTIONS:
        raise Http404
    person = person_of(request)
    found = _found(request, slug, thread_id)
    try:
        told = _ACTIONS[action](person, thread_id, request.POST.dict())
    except Problem as problem:
        return _thread_page(request, slug, thread_id, problem=problem)
    messages.success(request, told)
    last = Paginator(post_list(found), POSTS_A_PAGE).num_pages if action == "reply" else 1
    if action in {"delete", "hide"} and not _is_there(request, thread_id):
        return redirect("web:discussion", slug=slug)
    address = redirect("web:thread", slug=slug, thread_id=thread_id)
    if last > 1:
        address["Location"] += f"?page={last}"
    return address


def _is_there(request: HttpRequest, thread_id: UUID) -> bool:
    try:
        thread_get(user=request.user, thread_id=thread_id)
    except NotFound:
        return False
    return True


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def post(request: HttpRequest, slug: str, post_id: UUID) -> HttpResponse:
    """One post by itself: to edit it if it is one's own, else to report or to hide it."""
    page = competition_page(request, slug)
    person = person_of(request)
    found = post_get(user=person, post_id=post_id)
    if found.thread.competition.slug != slug or not found.is_visible:
        raise NotFound("There is no such post.")
    own = found.author_id == person.pk
    problem: Problem | None = None
    form = BodyForm(request.POST or None, initial={"body": found.body})
    if request.method == "POST" and form.is_valid():
        try:
            post_edit(user=person, post_id=post_id, body=form.cleaned_data["body"])
        except Problem as raised:
            problem = raised
        else:
            messages.success(request, "Your post is changed.")
            return redirect("web:thread", slug=slug, thread_id=found.thread_id)
    context: dict[str, Any] = page.context(
        "discussion",
        post=found,
        own=own,
        thread=found.thread,
        hosts=host_ids(page.competition),
        moderates=may_moderate(user=person, competition=page.competition),
        form=form,
        reason_form=ReasonForm(),
        problem=problem,
    )
    return render(
        request, "web/competition/post.html", context, status=problem.status if problem else 200
    )


@never_cache
@require_safe
def reports(request: HttpRequest, slug: str) -> HttpResponse:
    """What was reported, for moderators."""
    page = competition_page(request, slug)
    require_moderator(user=person_of(request), competition=page.competition)
    context = page.context(
        "discussion",
        reports=open_reports(page.competition)[:THREADS_A_PAGE],
        reason_form=ReasonForm(),
    )
    return render(request, "web/competition/reports.html", context)


@require_POST
def dismiss(request: HttpRequest, slug: str, report_id: UUID) -> HttpResponse:
    """Close a report without hiding the post."""
    report_dismiss(user=person_of(request), report_id=report_id)
    messages.success(request, "The report is closed, and the post stays.")
    return redirect("web:reports", slug=slug)
