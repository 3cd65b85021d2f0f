"""Final selections: the submissions by which a team is judged on the private boards."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from minigiants.accounts.models import User
from minigiants.competitions.selectors import spec_of
from minigiants.core.audit import audit_write
from minigiants.leaderboards.services import BoardRules, entries_select
from minigiants.submissions.lifecycle import Status
from minigiants.submissions.live import announce_change
from minigiants.submissions.models import Submission
from minigiants.submissions.problems import NotSelectable, SelectionClosed, SelectionFull
from minigiants.submissions.selectors import submission_get
from minigiants.teams.models import Team


def submission_select(*, user: User, submission_id: UUID, is_selected: bool = True) -> Submission:
    """Make a submission one of the team's final selections, or take that back.

    A team has so many in each phase and division as the pack says. What is as wished already
    changes nothing. Raises NotFound, NotSelectable, SelectionClosed, SelectionFull.
    """
    found = submission_get(user=user, submission_id=submission_id)
    rules = BoardRules.of(spec_of(found.competition))
    with transaction.atomic():
        # The team is the lock: two selections at once must count each other.
        Team.objects.select_for_update(no_key=True).get(pk=found.team_id)
        submission = Submission.objects.select_related("phase", "division").get(pk=found.pk)
        if (submission.selected_at is not None) == is_selected:
            return found
        _require_selectable(submission)
        if is_selected:
            _require_room(submission, rules.final_selections)
        submission.selected_at = timezone.now() if is_selected else None
        submission.save(update_fields=["selected_at"])
        entries_select(submission_id=submission.pk, is_selected=is_selected, rules=rules)
        audit_write(
            actor=user,
            action="submission.select" if is_selected else "submission.deselect",
            target=submission,
        )
        announce_change(submission.pk)
    return submission_get(user=user, submission_id=submission_id)


def _require_selectable(submission: Submission) -> None:
    if timezone.now() >= submission.phase.closes_at:
        raise SelectionClosed(f"It ended at {submission.phase.closes_at.isoformat()}.")
    if submission.status != Status.SCORED:
        raise NotSelectable(f"It is {submission.get_status_display().lower()}.")
    if submission.is_late or submission.disqualified_at is not None:
        raise NotSelectable("It does not rank.")


def _require_room(submission: Submission, allowed: int) -> None:
    selected = Submission.objects.filter(
        team_id=submission.team_id,
        phase_id=submission.phase_id,
        division=submission.division,
        selected_at__isnull=False,
    ).order_by("selected_at")
    numbers = list(selected.values_list("number", flat=True))
    if len(numbers) >= allowed:
        listed = ", ".join(f"#{number}" for number in numbers)
        raise SelectionFull(
            f"{allowed} may be selected in each division, and {listed} are.",
            allowed=allowed,
            selected=numbers,
        )
