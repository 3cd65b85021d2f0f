"""Merging teams: who must agree, what is allowed, what is kept, and what may happen meanwhile."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from minigiants.artifacts.services import AnnouncedFile, upload_create
from minigiants.competitions.models import Competition
from minigiants.core.models import AuditEntry, OutboxEvent
from minigiants.core.problems import InvalidInput, NotFound
from minigiants.leaderboards.models import Standing
from minigiants.submissions.merging import (
    MERGED_EVENT,
    merge_accept,
    merge_decline,
    merge_propose,
)
from minigiants.submissions.models import Submission
from minigiants.submissions.selectors import submission_list
from minigiants.submissions.services import submission_create
from minigiants.teams.models import Answer, MergeProposal, Team
from minigiants.teams.problems import (
    MergeOverQuota,
    MergesClosed,
    NotLeader,
    NotOpen,
    TeamsClosed,
    TeamTooLarge,
)
from minigiants.teams.selectors import members, team_find
from minigiants.teams.services import team_rename
from tests.support.factories import (
    ArtifactFactory,
    SubmissionFactory,
    TeamFactory,
    UserFactory,
    member_add,
    member_of,
    version_change,
)
from tests.support.interleaving import second_waits_for_first
from tests.support.pipeline import Pipeline, runnable_competition

pytestmark = pytest.mark.django_db


@pytest.fixture
def competition() -> Competition:
    return runnable_competition()


@pytest.fixture
def team(competition: Competition) -> Team:
    return TeamFactory(competition=competition, name="stays")


@pytest.fixture
def other(competition: Competition) -> Team:
    return TeamFactory(competition=competition, name="goes")


def propose(team: Team, other: Team) -> MergeProposal:
    return merge_propose(user=member_of(team), competition=team.competition, other_name=other.name)


def merge(team: Team, other: Team) -> None:
    leader = member_of(other)
    merge_accept(user=leader, proposal_id=propose(team, other).pk)


def handed_in(team: Team) -> Submission:
    return SubmissionFactory(artifact=ArtifactFactory(team=team))


def test_both_leaders_have_to_want_it(team: Team, other: Team) -> None:
    proposal = propose(team, other)
    assert propose(team, other) == proposal
    colleague = UserFactory()
    member_add(other, colleague)
    for user, problem in (
        (member_of(team), NotLeader),
        (colleague, NotLeader),
        (UserFactory(), NotFound),
    ):
        with pytest.raises(problem):
            merge_accept(user=user, proposal_id=proposal.pk)
    leader = member_of(other)
    merge_accept(user=leader, proposal_id=proposal.pk)
    assert {row.user for row in members(team)} == {member_of(team), leader, colleague}
    assert sum(row.is_leader for row in members(team)) == 1
    assert team_find(user=leader, competition=team.competition) == team
    assert AuditEntry.objects.get(action="team.merge").detail["absorbed"] == str(other.pk)
    assert OutboxEvent.objects.filter(kind=MERGED_EVENT).count() == 1
    with pytest.raises(NotOpen):
        merge_accept(user=member_of(team), proposal_id=proposal.pk)


def test_two_teams_that_propose_the_same_are_one(team: Team, other: Team) -> None:
    propose(team, other)
    assert propose(other, team).state == Answer.ACCEPTED
    other.refresh_from_db()
    assert other.merged_into == team


def test_declining_and_taking_back(team: Team, other: Team) -> None:
    declined = merge_decline(user=member_of(other), proposal_id=propose(team, other).pk)
    assert declined.state == Answer.DECLINED
    taken_back = merge_decline(user=member_of(team), proposal_id=propose(team, other).pk)
    assert taken_back.state == Answer.WITHDRAWN
    with pytest.raises(NotOpen):
        merge_accept(user=member_of(other), proposal_id=taken_back.pk)


def test_what_can_not_merge(team: Team, other: Team) -> None:
    with pytest.raises(InvalidInput):
        propose(team, team)
    with pytest.raises(NotFound):
        merge_propose(user=member_of(team), competition=team.competition, other_name="nobody")
    Team.objects.filter(pk=other.pk).update(is_baseline=True)
    with pytest.raises(NotFound):
        propose(team, other)


def test_a_merged_team_is_not_too_large(team: Team, other: Team) -> None:
    for place in range(4):
        member_add(team if place % 2 else other, UserFactory())
    with pytest.raises(TeamTooLarge):
        propose(team, other)


def test_nothing_merges_after_the_deadline(team: Team, other: Team) -> None:
    proposal = propose(team, other)
    version = team.competition.current_version
    assert version is not None
    version.specification["phases"][0]["closes"] = (timezone.now()).isoformat()
    version_change(version, version.specification)
    with pytest.raises(TeamsClosed):
        merge_accept(user=member_of(other), proposal_id=proposal.pk)
    proposal.refresh_from_db()
    assert proposal.state == Answer.OPEN


def test_a_pack_may_end_merging_before_the_rest(team: Team, other: Team) -> None:
    proposal = propose(team, other)
    version = team.competition.current_version
    assert version is not None
    version.specification["teams"]["merge_deadline"] = timezone.now().isoformat()
    version_change(version, version.specification)
    with pytest.raises(MergesClosed, match="The deadline was"):
        merge_accept(user=member_of(other), proposal_id=proposal.pk)
    with pytest.raises(MergesClosed):
        propose(other, team)
    proposal.refresh_from_db()
    assert proposal.state == Answer.OPEN
    merge_decline(user=member_of(other), proposal_id=proposal.pk)
    team_rename(user=member_of(team), competition=team.competition, name="still alive")


def test_teams_merge_until_the_deadline(team: Team, other: Team) -> None:
    version = team.competition.current_version
    assert version is not None
    tomorrow = timezone.now() + timedelta(days=1)
    version.specification["teams"]["merge_deadline"] = tomorrow.isoformat()
    version_change(version, version.specification)
    merge(team, other)
    assert Team.objects.get(pk=other.pk).merged_into == team


def test_together_they_have_handed_in_no_more_than_one_team_could(team: Team, other: Team) -> None:
    """Five a day, open since yesterday: ten for one team by today."""
    for number in range(10):
        handed_in(team if number % 2 else other)
    proposal = propose(team, other)
    late = handed_in(team)
    with pytest.raises(MergeOverQuota):
        merge_accept(user=member_of(other), proposal_id=proposal.pk)
    Submission.objects.filter(pk=late.pk).update(quota_charged=False)  # one that failed
    merge_accept(user=member_of(other), proposal_id=proposal.pk)
    assert team.submissions.count() == 11


def test_history_is_kept_and_numbered_on(team: Team, other: Team) -> None:
    first, theirs, second = handed_in(team), handed_in(other), handed_in(team)
    person = member_of(other)
    merge(team, other)
    kept = submission_list(user=person, competition=team.competition)
    assert {row.pk: row.number for row in kept} == {first.pk: 1, second.pk: 2, theirs.pk: 3}
    assert Submission.objects.get(pk=theirs.pk).submitted_by == person


def test_equal_models_of_both_become_one(team: Team, other: Team) -> None:
    ours = ArtifactFactory(team=team, manifest_digest="a" * 64)
    theirs = SubmissionFactory(artifact=ArtifactFactory(team=other, manifest_digest="a" * 64))
    alone = ArtifactFactory(team=other)
    merge(team, other)
    theirs.refresh_from_db()
    alone.refresh_from_db()
    assert theirs.artifact == ours
    assert alone.team == team


def test_the_better_standing_counts_and_entries_add_up(team: Team, other: Team) -> None:
    pipeline = Pipeline.start()
    for owner, public in ((team, 0.7), (other, 0.9), (other, 0.8)):
        pipeline.run(handed_in(owner), public=public, private=1 - public)
    merge(team, other)
    standings = {row.board.split: row for row in Standing.objects.select_related("board")}
    assert len(standings) == 2
    assert {row.team_id for row in standings.values()} == {team.pk}
    assert (standings["public"].score, standings["public"].entries) == (0.9, 3)
    # Nobody has selected: the two that are best publicly count, and of them the better.
    assert standings["private"].score == pytest.approx(0.2)


def test_other_proposals_and_invitations_of_the_team_that_goes_lapse(
    team: Team, other: Team, competition: Competition
) -> None:
    third = TeamFactory(competition=competition)
    lapsed, stays = propose(other, third), propose(team, third)
    merge(team, other)
    lapsed.refresh_from_db()
    stays.refresh_from_db()
    assert (lapsed.state, stays.state) == (Answer.WITHDRAWN, Answer.OPEN)


@pytest.mark.django_db(transaction=True)
def test_of_two_merges_of_one_team_at_once_one_happens(
    team: Team, other: Team, competition: Competition
) -> None:
    third = TeamFactory(competition=competition)
    leader = member_of(other)
    proposals = [propose(team, other), propose(third, other)]

    def try_one(proposal: MergeProposal) -> bool:
        try:
            merge_accept(user=leader, proposal_id=proposal.pk)
        except (NotOpen, NotFound):
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(try_one, proposals)) == [False, True]
    other.refresh_from_db()
    assert other.merged_into_id in {team.pk, third.pk}
    assert not other.memberships.exists()


@pytest.mark.django_db(transaction=True)
def test_teams_that_merge_in_a_ring_do_not_wait_for_each_other(competition: Competition) -> None:
    ring = [TeamFactory(competition=competition) for _ in range(4)]
    leaders = [member_of(team) for team in ring]
    proposals = [propose(ring[place], ring[(place + 1) % 4]) for place in range(4)]

    def try_one(place: int) -> None:
        try:
            merge_accept(user=leaders[(place + 1) % 4], proposal_id=proposals[place].pk)
        except (NotOpen, NotFound, NotLeader):
            pass  # somebody else was first; a deadlock would be another error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(try_one, range(4)))
    left = Team.objects.filter(merged_into__isnull=True)
    assert 1 <= left.count() < 4
    assert sum(team.memberships.count() for team in left) == 4


@pytest.mark.django_db(transaction=True)
def test_a_result_that_comes_first_moves_with_its_team(team: Team, other: Team) -> None:
    pipeline = Pipeline.start()
    evaluation = handed_in(other).evaluations.get()
    pipeline.report_predictions(pipeline.claim_predict(evaluation))
    job = pipeline.claim_score(evaluation)
    leader, proposal = member_of(other), propose(team, other)
    _, merged = second_waits_for_first(
        lambda: pipeline.report_scores(job),
        lambda: merge_accept(user=leader, proposal_id=proposal.pk),
    )
    assert merged.result().state == Answer.ACCEPTED
    assert set(Standing.objects.values_list("team", flat=True)) == {team.pk}


@pytest.mark.django_db(transaction=True)
def test_a_result_that_comes_second_is_recorded_for_the_merged_team(
    team: Team, other: Team
) -> None:
    pipeline = Pipeline.start()
    evaluation = handed_in(other).evaluations.get()
    pipeline.report_predictions(pipeline.claim_predict(evaluation))
    job = pipeline.claim_score(evaluation)
    leader, proposal = member_of(other), propose(team, other)
    _, reported = second_waits_for_first(
        lambda: merge_accept(user=leader, proposal_id=proposal.pk),
        lambda: pipeline.report_scores(job),
    )
    reported.result()
    assert set(Standing.objects.values_list("team", flat=True)) == {team.pk}
    assert Standing.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_what_is_handed_in_during_a_merge_is_the_merged_team_s(team: Team, other: Team) -> None:
    leader, model, proposal = member_of(other), ArtifactFactory(team=other), propose(team, other)
    _, submitted = second_waits_for_first(
        lambda: merge_accept(user=leader, proposal_id=proposal.pk),
        lambda: submission_create(user=leader, competition=team.competition, artifact_id=model.pk),
    )
    assert submitted.result().team == team
    assert not other.submissions.exists()


@pytest.mark.django_db(transaction=True)
def test_an_upload_begun_during_a_merge_is_the_merged_team_s(team: Team, other: Team) -> None:
    leader, proposal = member_of(other), propose(team, other)
    _, uploading = second_waits_for_first(
        lambda: merge_accept(user=leader, proposal_id=proposal.pk),
        lambda: upload_create(
            user=leader, competition=team.competition, files=[AnnouncedFile("model.onnx", 4)]
        ),
    )
    assert uploading.result().team == team


def test_quota_days_count_in_utc(team: Team, other: Team) -> None:
    """A competition that opened this very day allows one day's quota."""
    version = team.competition.current_version
    assert version is not None
    version.specification["phases"][0]["opens"] = (
        timezone.now() - timedelta(microseconds=1)
    ).isoformat()
    version_change(version, version.specification)
    for number in range(6):
        handed_in(team if number % 2 else other)
    with pytest.raises(MergeOverQuota, match="could have handed in 5"):
        propose(team, other)
