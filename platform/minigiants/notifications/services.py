"""Delivering the outbox: to webhooks, and as mails on how submissions ended and what fails."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

import structlog
from django.conf import settings
from django.core.mail import send_mail, send_mass_mail
from django.db import transaction
from django.utils import timezone

from minigiants.accounts.models import User
from minigiants.accounts.preferences import MailKind, mails_wanted
from minigiants.competitions.models import Competition, Invitation
from minigiants.competitions.people import INVITED_EVENT, invitation_secret
from minigiants.competitions.problems import PackFault
from minigiants.core.models import OutboxEvent
from minigiants.core.outbox import outbox_waiting
from minigiants.notifications.mails import person_mail
from minigiants.notifications.models import Webhook
from minigiants.notifications.notices import NOTICED_EVENT, notices_mail
from minigiants.notifications.team_events import TEAM_EVENTS
from minigiants.notifications.webhook_delivery import (
    DISABLED_EVENT,
    kinds_awaited,
    webhooks_tell,
)
from minigiants.submissions.baseline_faults import baseline_faults
from minigiants.submissions.hosted_presentation import hosts_page
from minigiants.submissions.lifecycle import Status
from minigiants.submissions.models import Rescore, Submission, Trial
from minigiants.submissions.presentation import submission_view
from minigiants.submissions.reports import SCORING_FAILED_EVENT
from minigiants.submissions.rescoring import RESCORED_CODE, RESCORED_EVENT
from minigiants.submissions.selectors import submission_whole
from minigiants.submissions.trial_presentation import trial_view
from minigiants.submissions.trials import TRIAL_ENDED_EVENT

log = structlog.get_logger(__name__)

BATCH = 100


def outbox_deliver() -> int:
    """Deliver what is waiting, oldest first. Returns how many events were delivered.

    An event whose delivery fails stays, with the error, for the next run; after
    `core.outbox.MAX_ATTEMPTS` it stays for an operator to look at.
    """
    passed = _pass_over_unheard()
    waiting = outbox_waiting().values_list("pk", flat=True)[:BATCH]
    return passed + sum(_deliver(pk) for pk in waiting)


def _pass_over_unheard() -> int:
    """Be done at once with what becomes no mail and what no webhook hears of. Returns how many.

    Most steps of a submission are such events, and each delivery is a transaction of its own.
    """
    awaited = kinds_awaited()
    if awaited is None:
        return 0
    unheard = outbox_waiting().exclude(kind__in=awaited | _MAILS.keys())
    return unheard.order_by().update(delivered_at=timezone.now())


def _deliver(event_id: int) -> bool:
    with transaction.atomic():
        event = (
            OutboxEvent.objects.select_for_update(skip_locked=True)
            .filter(pk=event_id, delivered_at__isnull=True)
            .first()
        )
        if event is None:
            return False
        event.attempts += 1
        try:
            with transaction.atomic():
                webhooks_tell(event)
            _mail(event)
        except OSError as error:
            # The mail server is away, or has refused: smtplib's errors are OSErrors.
            event.last_error = f"{type(error).__name__}: {error}"
            log.warning("delivery failed", outbox_event=event.pk, error=event.last_error)
        except Exception as error:
            # A defect of ours in one event must not hold all others up.
            event.last_error = f"{type(error).__name__}: {error}"
            log.exception("delivery failed", outbox_event=event.pk)
        else:
            event.delivered_at = timezone.now()
        event.save(update_fields=["attempts", "last_error", "delivered_at"])
        return event.delivered_at is not None


def _mail(event: OutboxEvent) -> None:
    mail = _MAILS.get(event.kind)
    if mail is not None:
        mail(event.payload)


def _mail_result(payload: Mapping[str, Any]) -> None:
    if payload.get("code") == RESCORED_CODE:
        return
    known = Submission.objects.select_related("team", "submitted_by")
    handed_in = known.get(pk=UUID(payload["submission"]))
    person = handed_in.submitted_by
    if not handed_in.team.is_baseline and not mails_wanted(person)[MailKind.RESULT]:
        return
    submission = submission_whole(submission_id=handed_in.pk)
    if handed_in.team.is_baseline:
        _mail_hosts_of_baseline(submission)
        return
    view = submission_view(submission)
    if view.status == Status.SCORED:
        subject = f"#{view.number} scored {view.score_shown} in {submission.competition.title}"
        body = f"Rank {view.rank} in the division {view.division}.\n\n{view.url}\n"
    elif view.error is not None:
        subject = f"#{view.number} failed in {submission.competition.title}"
        body = (
            f"{view.error.what}\n{view.error.why}\n{view.error.mend}\n"
            f"No quota was charged.\n\n{view.url}\n"
        )
    else:
        return
    person_mail(person=person, kind=MailKind.RESULT, subject=subject, body=body)


def _mail_hosts_of_metric(payload: Mapping[str, Any]) -> None:
    """Tell those who run the competition what their metric or labels did, and nobody else."""
    submission: Submission = submission_whole(submission_id=UUID(payload["submission"]))
    evaluation = submission.evaluations.first()
    if evaluation is None:
        return
    body = (
        f"{hosts_page(submission)} could not be scored:\n\n{evaluation.host_detail}\n\n"
        f"{evaluation.host_log}\n\nThe team was charged nothing. Mend metric.py or the labels, "
        "publish the pack, and ask for the submission again. You are told at most once an hour.\n"
    )
    _mail_hosts(submission.competition, "scoring fails", body)


def _mail_hosts_of_baseline(submission: Submission) -> None:
    """Tell those who run the competition if a baseline does not score what they announce."""
    version = submission.pack_version
    for fault in baseline_faults(version=version, submissions=[submission]).values():
        body = (
            f"{fault}\n\nVersion {version.number} serves all the same. If the labels, the metric "
            "or the baseline are wrong, mend the pack and publish it again; if the figure is, "
            f"announce another.\n\n{hosts_page(submission)}\n"
        )
        _mail_hosts(submission.competition, "a baseline does not score as announced", body)


def _mail_hosts_of_trial(payload: Mapping[str, Any]) -> None:
    """Tell those who run the competition what became of a pack whose baselines were tried."""
    trial = Trial.objects.select_related("competition", "version").get(pk=UUID(payload["trial"]))
    view = trial_view(trial)
    if trial.state == Trial.State.SERVED:
        what = f"version {view.version} serves"
        body = "Its baselines score as announced.\n\n"
    else:
        what = f"version {view.version} is not published"
        reasons = [str(PackFault(**fault)) for fault in view.faults]
        body = "\n".join(filter(None, [view.detail, *reasons]))
        body += "\n\nNothing has changed for participants.\n\n"
    _mail_hosts(trial.competition, what, f"{body}{view.url}\n")


def _mail_hosts(competition: Competition, what: str, body: str) -> None:
    """Mail those who run a competition; where it has no hosts, its operators, the staff."""
    hosts = User.objects.filter(hosted__competition=competition, is_active=True)
    people = hosts if hosts.exists() else User.objects.filter(is_staff=True, is_active=True)
    addresses = [person.email for person in people if person.email]
    if addresses:
        subject = f"Minigiants: {what} in {competition.title}"
        send_mail(subject, body, settings.DEFAULT_FROM_EMAIL, addresses)


def _mail_competition_invitation(payload: Mapping[str, Any]) -> None:
    """Tell an address that it may join, unless that has been taken back meanwhile."""
    invitation = Invitation.objects.select_related("competition").get(
        pk=UUID(payload["invitation"])
    )
    if invitation.revoked_at is not None or invitation.accepted_at is not None:
        return
    title, slug = invitation.competition.title, invitation.competition.slug
    body = (
        f"You are invited to the competition {title}.\n\n"
        f"Log in, or make an account, and open this link; it is for one person and lives until "
        f"{invitation.expires_at:%-d %B %Y}:\n"
        f"{settings.BASE_URL}/competitions/{slug}/join/{invitation_secret(invitation)}/\n"
    )
    send_mail(
        f"Minigiants: you are invited to {title}",
        body,
        settings.DEFAULT_FROM_EMAIL,
        [invitation.email],
    )


def _mail_participants(payload: Mapping[str, Any]) -> None:
    """Announce a rescore to those who take part and want to hear of results, each in one mail."""
    rescore = Rescore.objects.select_related("competition", "version").get(
        pk=UUID(payload["rescore"])
    )
    people = User.objects.filter(
        memberships__competition=rescore.competition, is_active=True, wants_result_mail=True
    )
    subject = f"Minigiants: {rescore.competition.title} has been rescored"
    body = (
        f"All submissions follow version {rescore.version.number} of the competition now.\n\n"
        f"The hosts say: {rescore.reason}\n\nRanks before and after:\n"
        f"{settings.BASE_URL}/competitions/{rescore.competition.slug}/rescores/\n"
    )
    mails = [
        (subject, body, settings.DEFAULT_FROM_EMAIL, [person.email]) for person in people.distinct()
    ]
    if mails:
        send_mass_mail(mails)


def _mail_webhook_owner(payload: Mapping[str, Any]) -> None:
    """Tell who made a webhook that it was switched off, unless it is gone or on again."""
    webhook = Webhook.objects.select_related("owner").filter(pk=UUID(payload["webhook"])).first()
    if webhook is None or webhook.is_enabled or not webhook.owner.is_active:
        return
    body = (
        f"{webhook.url}\n{webhook.get_disabled_display()}.\n\n"
        "Nothing more is sent to it. Look at what failed, and switch it on again:\n"
        f"{settings.BASE_URL}/settings/webhooks/{webhook.pk}/\n"
    )
    send_mail(
        "Minigiants: a webhook was switched off",
        body,
        settings.DEFAULT_FROM_EMAIL,
        [webhook.owner.email],
    )


_MAILS: Final[Mapping[str, Callable[[Mapping[str, Any]], None]]] = {
    **{
        f"submission.{status}": _mail_result
        for status in (Status.SCORED, Status.FAILED, Status.REJECTED)
    },
    INVITED_EVENT: _mail_competition_invitation,
    RESCORED_EVENT: _mail_participants,
    SCORING_FAILED_EVENT: _mail_hosts_of_metric,
    TRIAL_ENDED_EVENT: _mail_hosts_of_trial,
    DISABLED_EVENT: _mail_webhook_owner,
    NOTICED_EVENT: notices_mail,
    **TEAM_EVENTS,
}
"""What makes mails of an event, by its kind. Of all others no mail is made."""
