"""Discussions and announcements. Anybody reads; writing binds a person, and needs a session."""

from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from ninja import Router

from minigiants.accounts.models import Scope
from minigiants.api.authentication import ApiRequest, person_of, public, required, session_only
from minigiants.api.idempotency import idempotent
from minigiants.api.pagination import DEFAULT_LIMIT, CursorParam, LimitParam, newest_first
from minigiants.api.schemas.community import (
    AnnouncementList,
    AnnouncementOut,
    BodyIn,
    PostList,
    PostOut,
    ReasonIn,
    ReportOut,
    ThreadFlagsIn,
    ThreadIn,
    ThreadList,
    ThreadOut,
)
from minigiants.community.announcements import announcement_publish
from minigiants.community.models import Announcement, Post, Thread
from minigiants.community.moderation import (
    post_hide,
    post_report,
    post_show,
    thread_lock,
    thread_pin,
)
from minigiants.community.policies import host_ids
from minigiants.community.selectors import announcement_list, post_list, thread_get, thread_list
from minigiants.community.threads import (
    post_delete,
    post_edit,
    reply_create,
    subscription_set,
    thread_create,
    thread_path,
)
from minigiants.competitions.models import Competition
from minigiants.competitions.selectors import competition_get

router = Router(tags=["community"])


def _thread(thread: Thread) -> ThreadOut:
    return ThreadOut(
        id=thread.pk,
        title=thread.title,
        author=thread.author.username,
        created_at=thread.created_at,
        last_post_at=thread.last_post_at,
        replies=thread.replies,
        is_pinned=thread.is_pinned,
        is_locked=thread.locked_at is not None,
        url=settings.BASE_URL + thread_path(thread),
    )


def _posts(posts: list[Post], competition: Competition) -> list[PostOut]:
    hosts = host_ids(competition)
    return [
        PostOut(
            id=post.pk,
            author=post.author.username,
            is_host=post.author_id in hosts,
            created_at=post.created_at,
            edited_at=post.edited_at,
            state="deleted" if post.deleted_at else "hidden" if post.hidden_at else "visible",
            body=post.body if post.is_visible else "",
        )
        for post in posts
    ]


def _announcement(announcement: Announcement) -> AnnouncementOut:
    return AnnouncementOut(
        id=announcement.pk,
        title=announcement.title,
        body=announcement.body,
        author=announcement.author.username,
        created_at=announcement.created_at,
    )


@router.get(
    "/competitions/{slug}/threads",
    response=ThreadList,
    auth=public(),
    operation_id="thread_list",
)
def threads(
    request: ApiRequest, slug: str, cursor: CursorParam = None, limit: LimitParam = DEFAULT_LIMIT
) -> ThreadList:
    """The threads of a competition, the newest first."""
    competition = competition_get(slug=slug, user=request.auth.user)
    rows = thread_list(user=request.auth.user, competition=competition)
    page, next_cursor = newest_first(rows, cursor=cursor, limit=limit)
    for row in page:
        row.competition = competition
    return ThreadList(items=[_thread(row) for row in page], next_cursor=next_cursor)


@router.post(
    "/competitions/{slug}/threads",
    response={201: ThreadOut},
    auth=session_only(),
    operation_id="thread_create",
)
@idempotent(status=201)
def thread_new(request: ApiRequest, slug: str, payload: ThreadIn) -> ThreadOut:
    """Open a thread. You are subscribed to it."""
    person = person_of(request)
    competition = competition_get(slug=slug, user=person)
    return _thread(
        thread_create(user=person, competition=competition, title=payload.title, body=payload.body)
    )


@router.get(
    "/threads/{thread_id}/posts",
    response=PostList,
    auth=public(),
    operation_id="post_list",
)
def posts(
    request: ApiRequest,
    thread_id: UUID,
    cursor: CursorParam = None,
    limit: LimitParam = DEFAULT_LIMIT,
) -> PostList:
    """The posts of a thread, the newest first."""
    thread = thread_get(user=request.auth.user, thread_id=thread_id)
    page, next_cursor = newest_first(post_list(thread), cursor=cursor, limit=limit)
    return PostList(items=_posts(page, thread.competition), next_cursor=next_cursor)


@router.post(
    "/threads/{thread_id}/posts",
    response={201: PostOut},
    auth=session_only(),
    operation_id="post_create",
)
@idempotent(status=201)
def reply(request: ApiRequest, thread_id: UUID, payload: BodyIn) -> PostOut:
    """Reply in a thread. You are subscribed to it."""
    post = reply_create(user=person_of(request), thread_id=thread_id, body=payload.body)
    return _posts([post], post.thread.competition)[0]


@router.patch(
    "/threads/{thread_id}",
    response=ThreadOut,
    auth=session_only(),
    operation_id="thread_change",
)
def thread_change(request: ApiRequest, thread_id: UUID, payload: ThreadFlagsIn) -> ThreadOut:
    """Subscribe or not; as a moderator pin or lock it, or undo that."""
    person = person_of(request)
    if payload.subscribed is not None:
        subscription_set(user=person, thread_id=thread_id, wanted=payload.subscribed)
    if payload.is_pinned is not None:
        thread_pin(user=person, thread_id=thread_id, pinned=payload.is_pinned)
    if payload.is_locked is not None:
        thread_lock(user=person, thread_id=thread_id, locked=payload.is_locked)
    return _thread(thread_get(user=person, thread_id=thread_id))


@router.patch("/posts/{post_id}", response=PostOut, auth=session_only(), operation_id="post_edit")
def edit(request: ApiRequest, post_id: UUID, payload: BodyIn) -> PostOut:
    """Change your own post. It says so afterwards."""
    post = post_edit(user=person_of(request), post_id=post_id, body=payload.body)
    return _posts([post], post.thread.competition)[0]


@router.delete(
    "/posts/{post_id}", response={204: None}, auth=session_only(), operation_id="post_delete"
)
def delete(request: ApiRequest, post_id: UUID) -> HttpResponse:
    """Delete your own post. Its text is gone; its place stays."""
    post_delete(user=person_of(request), post_id=post_id)
    return HttpResponse(status=204)


@router.post(
    "/posts/{post_id}/reports",
    response={201: ReportOut},
    auth=session_only(),
    operation_id="post_report",
)
@idempotent(status=201)
def report(request: ApiRequest, post_id: UUID, payload: ReasonIn) -> ReportOut:
    """Ask the moderators to look at a post."""
    return ReportOut.model_validate(
        post_report(user=person_of(request), post_id=post_id, reason=payload.reason)
    )


@router.put(
    "/posts/{post_id}/hidden",
    response={204: None},
    auth=session_only(),
    operation_id="post_hide",
)
def hide(request: ApiRequest, post_id: UUID, payload: ReasonIn) -> HttpResponse:
    """As a moderator, hide a post. Its author is told the reason."""
    post_hide(user=person_of(request), post_id=post_id, reason=payload.reason)
    return HttpResponse(status=204)


@router.delete(
    "/posts/{post_id}/hidden",
    response={204: None},
    auth=session_only(),
    operation_id="post_show",
)
def show(request: ApiRequest, post_id: UUID) -> HttpResponse:
    """As a moderator, show a hidden post again."""
    post_show(user=person_of(request), post_id=post_id)
    return HttpResponse(status=204)


@router.get(
    "/competitions/{slug}/announcements",
    response=AnnouncementList,
    auth=public(),
    operation_id="announcement_list",
)
def announcements(
    request: ApiRequest, slug: str, cursor: CursorParam = None, limit: LimitParam = DEFAULT_LIMIT
) -> AnnouncementList:
    """What the hosts have announced, the newest first."""
    competition = competition_get(slug=slug, user=request.auth.user)
    page, next_cursor = newest_first(announcement_list(competition), cursor=cursor, limit=limit)
    return AnnouncementList(items=[_announcement(row) for row in page], next_cursor=next_cursor)


@router.post(
    "/competitions/{slug}/announcements",
    response={201: AnnouncementOut},
    auth=required(Scope.HOST),
    operation_id="announcement_publish",
)
@idempotent(status=201)
def announce(request: ApiRequest, slug: str, payload: ThreadIn) -> AnnouncementOut:
    """As a host, tell everybody who takes part."""
    person = person_of(request)
    return _announcement(
        announcement_publish(
            user=person,
            competition=competition_get(slug=slug, user=person),
            title=payload.title,
            body=payload.body,
        )
    )
