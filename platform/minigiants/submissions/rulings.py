"""What hosts rule of submissions: that one does not count, or does again."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from minigiants.accounts.models import User
from minigiants.competitions.selectors import spec_of
from minigiants.core.audit import audit_write
from minigiants.core.problems import NotFound
from minigiants.leaderboards.hosting import require_reason
from minigiants.leaderboards.policies import may_judge
from minigiants.leaderboards.services import BoardRules, entries_disqualify
from minigiants.submissions.live import announce_change
from minigiants.submissions.models import Submission


@transaction.atomic
def submission_disqualify(*, user: User, submission_id: UUID, reason: str) -> Submission:
    """Take a submission off all boards; the team's next best counts, and the team reads why.

    Raises NotFound, also for whoever may not rule over it, and InvalidInput.
    """
    submission = _ruled(user, submission_id)
    require_reason(reason)
    submission.disqualified_at, submission.disqualified_for = timezone.now(), reason
    return _settle(user, submission, "submission.disqualify", reason)


@transaction.atomic
def submission_reinstate(*, user: User, submission_id: UUID, reason: str) -> Submission:
    """Let a submission count again. `reason` stands in the audit log.

    Raises NotFound, also for whoever may not rule over it, and InvalidInput.
    """
    submission = _ruled(user, submission_id)
    require_reason(reason)
    submission.disqualified_at, submission.disqualified_for = None, ""
    return _settle(user, submission, "submission.reinstate", reason)


def _ruled(user: User, submission_id: UUID) -> Submission:
    submission = (
        Submission.objects.select_for_update(no_key=True, of=("self",))
        .select_related("competition__current_version")
        .filter(pk=submission_id)
        .first()
    )
    if submission is None or not may_judge(user=user, competition=submission.competition):
        raise NotFound("There is no such submission in a competition that you judge.")
    return submission


def _settle(user: User, submission: Submission, action: str, reason: str) -> Submission:
    submission.save(update_fields=["disqualified_at", "disqualified_for"])
    entries_disqualify(
        submission_id=submission.pk,
        is_disqualified=submission.disqualified_at is not None,
        rules=BoardRules.of(spec_of(submission.competition)),
    )
    audit_write(
        actor=user,
        action=action,
        target=submission,
        competition_id=submission.competition_id,
        team=submission.team.name,
        number=submission.number,
        reason=reason,
    )
    announce_change(submission.pk)
    return submission
