"""What a person was told, and ending mails by their link."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from minigiants.notifications.mails import unsubscribe, unsubscribe_read
from minigiants.notifications.notices import notice_list, notice_read, notices_read_all
from minigiants.web.views.people import person_of

A_PAGE = 30


@never_cache
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The person's notices, the newest first."""
    notices = Paginator(notice_list(person_of(request)), A_PAGE)
    return render(
        request, "web/notices.html", {"notices": notices.get_page(request.GET.get("page"))}
    )


@require_POST
def follow(request: HttpRequest, notice_id: UUID) -> HttpResponse:
    """Mark a notice as read and go where it leads: always on this site."""
    return redirect(notice_read(user=person_of(request), notice_id=notice_id).path)


@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    """Mark all notices as read."""
    notices_read_all(user=person_of(request))
    return redirect("web:notices")


# Mail programs send the POST by themselves (RFC 8058), without a cookie or a form of ours; the
# signed token in the address is the proof, and it opens nothing else.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribed(request: HttpRequest, token: str) -> HttpResponse:
    """End one kind of mail. A GET only asks: programs that look at links must not do it."""
    if request.method == "POST":
        kind = unsubscribe(token=token)
        messages.success(request, f"No more mails of this kind: {kind.label}.")
        return render(request, "web/unsubscribe.html", {"kind": kind, "is_done": True})
    _, kind = unsubscribe_read(token)
    return render(request, "web/unsubscribe.html", {"kind": kind, "is_done": False})
