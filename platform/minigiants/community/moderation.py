"""Keeping discussions civil: reports, hiding, locking, pinning. All of it is audited."""

from uuid import UUID

from django.db import transaction
from django.db.models import F, Model
from django.utils import timezone

from minigiants.accounts.models import User
from minigiants.accounts.preferences import MailKind
from minigiants.community.limits import lock_writer, require_reporting_room
from minigiants.community.models import Post, PostReport, Thread
from minigiants.community.policies import require_moderator
from minigiants.community.selectors import post_get, thread_get
from minigiants.community.texts import clean_reason
from minigiants.core.audit import audit_write
from minigiants.core.problems import NotFound
from minigiants.notifications.notices import notices_send


@transaction.atomic
def post_report(*, user: User, post_id: UUID, reason: str) -> PostReport:
    """Ask the moderators to look at a post. Twice is once.

    Raises NotFound, InvalidInput, PostingTooFast.
    """
    post = post_get(user=user, post_id=post_id)
    reason = clean_reason(reason)
    if not post.is_visible:
        raise NotFound("There is no such post.")
    lock_writer(user)
    earlier = PostReport.objects.filter(post=post, reporter=user).first()
    if earlier is not None:
        return earlier
    require_reporting_room(user)
    report = PostReport.objects.create(post=post, reporter=user, reason=reason)
    competition = post.thread.competition
    hosts = User.objects.filter(hosted__competition=competition, is_active=True)
    notices_send(
        users=hosts if hosts.exists() else User.objects.filter(is_staff=True, is_active=True),
        kind=MailKind.MODERATION,
        competition=competition,
        title=f"A post in “{post.thread.title}” was reported",
        text=reason,
        path=f"/competitions/{competition.slug}/discussion/reports/",
    )
    return report


@transaction.atomic
def report_dismiss(*, user: User, report_id: UUID) -> PostReport:
    """Close a report without hiding anything. Raises NotFound, NotPermitted."""
    report = PostReport.objects.select_related("post").filter(pk=report_id).first()
    if report is None:
        raise NotFound("There is no such report.")
    post = post_get(user=user, post_id=report.post_id)
    require_moderator(user=user, competition=post.thread.competition)
    _resolve(user, post)
    _audit(user, "post.keep", post, post.thread, author=post.author.username)
    report.refresh_from_db()
    return report


@transaction.atomic
def post_hide(*, user: User, post_id: UUID, reason: str) -> Post:
    """Hide a post from all but moderators; its author is told why. With the post that opened it,
    the thread is hidden. Raises NotFound, NotPermitted, InvalidInput.
    """
    post, thread = _moderated(user, post_id)
    reason = clean_reason(reason)
    if post.hidden_at is None:
        now = timezone.now()
        counted = post.is_visible and not post.is_opening
        post.hidden_at, post.hidden_reason = now, reason
        post.save(update_fields=["hidden_at", "hidden_reason"])
        if counted:
            Thread.objects.filter(pk=thread.pk).update(replies=F("replies") - 1)
        if post.is_opening:
            Thread.objects.filter(pk=thread.pk).update(hidden_at=now)
        _audit(user, "post.hide", post, thread, author=post.author.username, reason=reason)
        notices_send(
            users=User.objects.filter(pk=post.author_id, is_active=True).exclude(pk=user.pk),
            kind=MailKind.MODERATION,
            competition=thread.competition,
            title=f"Your post in “{thread.title}” was hidden",
            text=f"The reason: {reason}",
            path=f"/competitions/{thread.competition.slug}/discussion/",
        )
    _resolve(user, post)
    return post


@transaction.atomic
def post_show(*, user: User, post_id: UUID) -> Post:
    """Undo `post_hide`. Raises NotFound, NotPermitted."""
    post, thread = _moderated(user, post_id)
    if post.hidden_at is not None:
        post.hidden_at, post.hidden_reason = None, ""
        post.save(update_fields=["hidden_at", "hidden_reason"])
        if post.is_opening:
            Thread.objects.filter(pk=thread.pk).update(hidden_at=None)
        elif post.is_visible:
            Thread.objects.filter(pk=thread.pk).update(replies=F("replies") + 1)
        _audit(user, "post.show", post, thread, author=post.author.username)
    return post


@transaction.atomic
def thread_lock(*, user: User, thread_id: UUID, locked: bool) -> Thread:
    """Let a thread take no more replies, or again. Raises NotFound, NotPermitted."""
    thread = _thread(user, thread_id)
    if locked != (thread.locked_at is not None):
        thread.locked_at = timezone.now() if locked else None
        thread.save(update_fields=["locked_at"])
        _audit(user, "thread.lock" if locked else "thread.unlock", thread, thread)
    return thread


@transaction.atomic
def thread_pin(*, user: User, thread_id: UUID, pinned: bool) -> Thread:
    """Keep a thread at the top of the list, or not. Raises NotFound, NotPermitted."""
    thread = _thread(user, thread_id)
    if thread.is_pinned != pinned:
        thread.is_pinned = pinned
        thread.save(update_fields=["is_pinned"])
        _audit(user, "thread.pin" if pinned else "thread.unpin", thread, thread)
    return thread


def _audit(user: User, action: str, target: Model, thread: Thread, **detail: str) -> None:
    audit_write(
        actor=user,
        action=action,
        target=target,
        competition_id=thread.competition_id,
        thread=thread.title,
        **detail,
    )


def _thread(user: User, thread_id: UUID) -> Thread:
    found = thread_get(user=user, thread_id=thread_id)
    require_moderator(user=user, competition=found.competition)
    thread = Thread.objects.select_for_update(no_key=True).get(pk=found.pk)
    thread.competition = found.competition
    return thread


def _moderated(user: User, post_id: UUID) -> tuple[Post, Thread]:
    found = post_get(user=user, post_id=post_id)
    thread = _thread(user, found.thread_id)
    return Post.objects.select_for_update(no_key=True).get(pk=found.pk), thread


def _resolve(user: User, post: Post) -> None:
    PostReport.objects.filter(post=post, resolved_at__isnull=True).update(
        resolved_at=timezone.now(), resolved_by=user
    )
