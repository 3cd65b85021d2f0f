"""Final selections, and what hosts rule of submissions."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from minigiants.accounts.models import User
from minigiants.competitions.models import Host, Phase
from minigiants.competitions.selectors import audit_of
from minigiants.core.models import AuditEntry
from minigiants.core.problems import InvalidInput, NotFound
from minigiants.leaderboards.models import Standing
from minigiants.submissions.models import Submission
from minigiants.submissions.presentation import submission_view
from minigiants.submissions.problems import NotSelectable, SelectionClosed, SelectionFull
from minigiants.submissions.rulings import submission_disqualify, submission_reinstate
from minigiants.submissions.selection import submission_select
from minigiants.teams.models import Team
from tests.support.factories import (
    ArtifactFactory,
    CompetitionFactory,
    SubmissionFactory,
    TeamFactory,
    UserFactory,
    member_of,
)
from tests.support.pipeline import Pipeline, runnable_competition

pytestmark = pytest.mark.django_db


@pytest.fixture
def team() -> Team:
    return TeamFactory(competition=runnable_competition())


@pytest.fixture
def scored(team: Team) -> list[Submission]:
    """Three of a team: the better publicly, the worse privately."""
    pipeline = Pipeline.start()
    found: list[Submission] = []
    for public, private in ((0.9, 0.5), (0.8, 0.6), (0.7, 0.99)):
        submission = SubmissionFactory(artifact=ArtifactFactory(team=team))
        pipeline.run(submission, public=public, private=private)
        found.append(submission)
    return found


def privately(team: Team) -> float:
    return Standing.objects.get(team=team, board__split="private").score


def select(submission: Submission, *, is_selected: bool = True) -> Submission:
    return submission_select(
        user=member_of(submission.team), submission_id=submission.pk, is_selected=is_selected
    )


def test_what_is_selected_counts_on_the_private_board(team: Team, scored: list[Submission]) -> None:
    assert privately(team) == 0.6
    assert submission_view(select(scored[2])).is_selected
    assert privately(team) == 0.99
    select(scored[2], is_selected=False)
    assert privately(team) == 0.6
    assert list(
        AuditEntry.objects.filter(action__startswith="submission.").values_list("action", flat=True)
    ) == ["submission.select", "submission.deselect"]


def test_a_team_selects_so_many_and_no_more(scored: list[Submission]) -> None:
    select(scored[0])
    select(scored[0])  # is selected already
    select(scored[1])
    with pytest.raises(SelectionFull, match="#1, #2"):
        select(scored[2])
    select(scored[0], is_selected=False)
    select(scored[2])


def test_what_does_not_rank_is_not_selected(team: Team, scored: list[Submission]) -> None:
    queued = SubmissionFactory(artifact=ArtifactFactory(team=team))
    with pytest.raises(NotSelectable):
        select(queued)
    Submission.objects.filter(pk=scored[0].pk).update(is_late=True)
    with pytest.raises(NotSelectable):
        select(scored[0])
    Submission.objects.filter(pk=scored[1].pk).update(disqualified_at=timezone.now())
    with pytest.raises(NotSelectable):
        select(scored[1])


def test_after_the_phase_selections_stand(scored: list[Submission]) -> None:
    select(scored[0])
    Phase.objects.update(closes_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(SelectionClosed):
        select(scored[1])
    with pytest.raises(SelectionClosed):
        select(scored[0], is_selected=False)


def test_others_select_nothing(scored: list[Submission]) -> None:
    with pytest.raises(NotFound):
        submission_select(user=UserFactory(), submission_id=scored[0].pk)


@pytest.mark.django_db(transaction=True)
def test_selections_at_once_count_each_other(team: Team, scored: list[Submission]) -> None:
    def attempt(submission: Submission) -> bool:
        try:
            select(submission)
        except SelectionFull:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(3) as pool:
        outcomes = list(pool.map(attempt, scored))
    assert sorted(outcomes) == [False, True, True]
    assert Submission.objects.filter(selected_at__isnull=False).count() == 2


@pytest.fixture
def host(team: Team) -> User:
    found: User = UserFactory()
    Host.objects.create(competition=team.competition, user=found, role=Host.Role.ORGANIZER)
    return found


def test_a_host_disqualifies_and_reinstates(
    team: Team, host: User, scored: list[Submission]
) -> None:
    public = Standing.objects.filter(team=team, board__split="public")
    submission_disqualify(user=host, submission_id=scored[0].pk, reason="It knows the labels.")
    assert public.get().score == 0.8
    view = submission_view(Submission.objects.get(pk=scored[0].pk))
    assert view.disqualified_for == "It knows the labels."
    assert not view.is_selectable
    submission_reinstate(user=host, submission_id=scored[0].pk, reason="It does not.")
    assert not submission_view(Submission.objects.get(pk=scored[0].pk)).disqualified_for
    back = AuditEntry.objects.get(action="submission.reinstate")
    assert back.detail["reason"] == "It does not."
    assert public.get().score == 0.9
    ruling = AuditEntry.objects.get(action="submission.disqualify")
    assert ruling.detail == {
        "team": team.name,
        "number": scored[0].number,
        "reason": "It knows the labels.",
    }
    assert ruling in audit_of(competition=team.competition)
    assert ruling not in audit_of(competition=CompetitionFactory())


def test_a_ruling_needs_a_reason(host: User, scored: list[Submission]) -> None:
    for reason in ("", "  ", "x" * 501):
        with pytest.raises(InvalidInput):
            submission_disqualify(user=host, submission_id=scored[0].pk, reason=reason)
        with pytest.raises(InvalidInput):
            submission_reinstate(user=host, submission_id=scored[0].pk, reason=reason)


def test_who_runs_another_competition_rules_nothing_here(scored: list[Submission]) -> None:
    stranger = UserFactory()
    Host.objects.create(competition=TeamFactory().competition, user=stranger, role=Host.Role.OWNER)
    for someone in (stranger, member_of(scored[0].team)):
        with pytest.raises(NotFound):
            submission_disqualify(user=someone, submission_id=scored[0].pk, reason="No.")
        with pytest.raises(NotFound):
            submission_reinstate(user=someone, submission_id=scored[0].pk, reason="No.")
