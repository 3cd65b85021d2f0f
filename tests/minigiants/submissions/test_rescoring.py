"""A rescore changes all scores and boards in one go, or none."""

from collections.abc import Callable

import pytest
from pytest_django import DjangoAssertNumQueries

from evaluator.contract import Failure
from minigiants.accounts.models import User
from minigiants.competitions.models import Competition, Host, PackFile, PackVersion
from minigiants.competitions.selectors import current_version
from minigiants.core.models import OutboxEvent
from minigiants.core.problems import InvalidInput, NotPermitted
from minigiants.leaderboards.selectors import rankings
from minigiants.submissions.lifecycle import Status
from minigiants.submissions.models import Evaluation, Rescore, StateChange, Submission
from minigiants.submissions.presentation import submission_view
from minigiants.submissions.problems import NothingToRescore, RescoreEnded, RescoreRunning
from minigiants.submissions.rescoring import (
    RESCORED_EVENT,
    rescore_cancel,
    rescore_offer,
    rescore_start,
    rescores_advance,
)
from minigiants.submissions.selectors import submission_whole
from tests.support.factories import UserFactory, stored_blob
from tests.support.pipeline import Pipeline, queued_submission, runnable_competition

pytestmark = pytest.mark.django_db

Publish = Callable[..., PackVersion]


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline.start()


@pytest.fixture
def competition() -> Competition:
    return runnable_competition()


@pytest.fixture
def scored(competition: Competition, pipeline: Pipeline) -> list[Submission]:
    """Two teams' submissions, the first ahead: 0.9 and 0.8."""
    submissions = [queued_submission(competition) for _ in range(2)]
    for submission, score in zip(submissions, (0.9, 0.8), strict=True):
        pipeline.run(submission, public=score, private=score - 0.1)
    return submissions


@pytest.fixture
def changed(competition: Competition) -> Publish:
    """Publishes a version in which the file of a role holds other bytes."""

    def publish(role: PackFile.Role = PackFile.Role.LABELS) -> PackVersion:
        before = current_version(competition)
        version = PackVersion.objects.create(
            competition=competition,
            number=before.number + 1,
            content_hash=f"{before.number + 1:064x}",
            specification=before.specification,
            pages=before.pages,
        )
        for file in before.files.all():
            file.pk, file.version = None, version
            if file.role == role:
                file.digest = stored_blob(f"fixed {version.number}".encode()).digest
            file.save(force_insert=True)
        Competition.objects.filter(pk=competition.pk).update(current_version=version)
        competition.refresh_from_db()
        return version

    return publish


def start(competition: Competition) -> Rescore:
    return rescore_start(competition=competition, actor=None, reason="A label was wrong.")


def again(rescore: Rescore, submission: Submission) -> Evaluation:
    return rescore.evaluations.get(submission=submission)


def public_board(competition: Competition) -> list[tuple[str, int, float]]:
    return [
        (row.team, row.rank, row.score)
        for row in rankings(competition=competition)
        if row.split == "public"
    ]


def test_a_changed_label_is_scored_from_stored_predictions(
    competition: Competition, scored: list[Submission], changed: Publish, pipeline: Pipeline
) -> None:
    first, second = scored
    before = public_board(competition)
    assert [team for team, *_ in before] == [first.team.name, second.team.name]
    version = changed()
    offer = rescore_offer(competition=competition)
    assert (offer.version, offer.rescored, offer.run_again) == (2, 2, 0)
    rescore = start(competition)
    labels = version.files.get(role=PackFile.Role.LABELS)
    for submission, score in zip(scored, (0.5, 0.7), strict=True):
        evaluation = again(rescore, submission)
        assert (evaluation.status, evaluation.version) == (Status.SCORING, version)
        original = submission.evaluations.get(rescore=None)
        assert evaluation.predictions_digest == original.predictions_digest
        job = pipeline.claim_score(evaluation)
        assert job.labels.digest == labels.digest
        pipeline.report_scores(job, public=score, private=score + 0.1)
        assert public_board(competition) == before
    assert rescores_advance() == 1
    assert public_board(competition) == [(second.team.name, 1, 0.7), (first.team.name, 2, 0.5)]
    rescore.refresh_from_db()
    assert rescore.state == Rescore.State.APPLIED
    public = [row for row in rescore.table if row["split"] == "public"]
    assert [(r["team"], r["rank_before"], r["rank_after"]) for r in public] == [
        (second.team.name, 2, 1),
        (first.team.name, 1, 2),
    ]
    assert [(r["score_before"], r["score_after"]) for r in public] == [(0.8, 0.7), (0.9, 0.5)]
    first.refresh_from_db()
    assert (first.pack_version.number, first.public_score, first.status) == (1, 0.5, Status.SCORED)
    step = StateChange.objects.filter(submission=first).last()
    assert step is not None
    assert step.reason == "Rescored under version 2 of the competition: 0.9000 → 0.5000."
    event = OutboxEvent.objects.get(kind=RESCORED_EVENT)
    assert event.payload["reason"] == "A label was wrong."
    assert not rescore_offer(competition=competition).is_due


def test_the_offer_costs_the_same_however_much_was_handed_in(
    competition: Competition,
    scored: list[Submission],
    changed: Publish,
    pipeline: Pipeline,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    changed(PackFile.Role.HIDDEN_INPUTS)
    pipeline.run(queued_submission(competition), public=0.7)
    changed()
    for _ in range(3):
        pipeline.run(queued_submission(competition), public=0.6)
    queued_submission(competition)
    with django_assert_num_queries(3):
        offer = rescore_offer(competition=competition)
    assert (offer.version, offer.rescored, offer.run_again) == (3, 1, 2)


def test_a_version_that_changes_no_truth_offers_nothing(
    competition: Competition, scored: list[Submission], changed: Publish
) -> None:
    changed(PackFile.Role.PUBLIC)
    assert not rescore_offer(competition=competition).is_due


def test_until_it_is_applied_nobody_sees_anything(
    competition: Competition, scored: list[Submission], changed: Publish, pipeline: Pipeline
) -> None:
    view = submission_view(submission_whole(submission_id=scored[0].pk))
    events = OutboxEvent.objects.count()
    changed()
    rescore = start(competition)
    pipeline.report_scores(pipeline.claim_score(again(rescore, scored[0])), public=0.1)
    assert submission_view(submission_whole(submission_id=scored[0].pk)) == view
    assert OutboxEvent.objects.count() == events
    assert rescores_advance() == 0
    pipeline.report_scores(pipeline.claim_score(again(rescore, scored[1])), public=0.2)
    assert rescores_advance() == 1
    after = submission_view(submission_whole(submission_id=scored[0].pk))
    assert (after.score, after.measurements, after.has_log) == (0.1, view.measurements, True)


def test_changed_inputs_are_run_again(
    competition: Competition, scored: list[Submission], changed: Publish, pipeline: Pipeline
) -> None:
    changed(PackFile.Role.HIDDEN_INPUTS)
    offer = rescore_offer(competition=competition)
    assert (offer.rescored, offer.run_again) == (0, 2)
    rescore = start(competition)
    evaluation = again(rescore, scored[0])
    assert (evaluation.status, evaluation.predictions_digest) == (Status.QUEUED, "")
    job = pipeline.claim_predict(evaluation)
    assert job.hidden_inputs is not None
    assert job.hidden_inputs.digest == stored_blob(b"fixed 2").digest
    scored[0].refresh_from_db()
    assert scored[0].status == Status.SCORED
    pipeline.report_predictions(job, predictions=pipeline.store(job, b"other predictions"))
    pipeline.report_scores(pipeline.claim_score(evaluation), public=0.3)
    assert rescores_advance() == 0


def test_a_metric_that_fails_leaves_everything_as_it_was(
    competition: Competition, scored: list[Submission], changed: Publish, pipeline: Pipeline
) -> None:
    before = public_board(competition)
    changed()
    rescore = start(competition)
    pipeline.report_scores(pipeline.claim_score(again(rescore, scored[0])), public=0.1)
    job = pipeline.claim_score(again(rescore, scored[1]))
    pipeline.report_failure(job, Failure.SCORING_FAILED)
    assert rescores_advance() == 1
    rescore.refresh_from_db()
    assert rescore.state == Rescore.State.FAILED
    assert rescore.detail.startswith(f"#1 of {scored[1].team}: scoring_failed.")
    assert public_board(competition) == before
    assert OutboxEvent.objects.filter(kind="competition.rescore_failed").exists()
    assert set(Submission.objects.values_list("status", "public_score")) == {
        (Status.SCORED, 0.9),
        (Status.SCORED, 0.8),
    }
    assert start(competition).state == Rescore.State.RUNNING


def test_what_the_participant_broke_leaves_the_boards(
    competition: Competition, scored: list[Submission], changed: Publish, pipeline: Pipeline
) -> None:
    changed()
    rescore = start(competition)
    pipeline.report_scores(pipeline.claim_score(again(rescore, scored[0])), public=0.1)
    job = pipeline.claim_score(again(rescore, scored[1]))
    pipeline.report_failure(job, Failure.INVALID_PREDICTIONS)
    assert rescores_advance() == 1
    assert public_board(competition) == [(scored[0].team.name, 1, 0.1)]
    rescore.refresh_from_db()
    (left,) = (
        row for row in rescore.table if row["rank_after"] is None and row["split"] == "public"
    )
    assert (left["team"], left["rank_before"]) == (scored[1].team.name, 2)
    scored[1].refresh_from_db()
    assert (scored[1].status, scored[1].public_score) == (Status.FAILED, None)


def test_it_can_be_given_up(
    competition: Competition, scored: list[Submission], changed: Publish, pipeline: Pipeline
) -> None:
    before = public_board(competition)
    changed()
    rescore = start(competition)
    rescore_cancel(competition=competition, rescore_id=rescore.pk, actor=None)
    assert set(rescore.evaluations.values_list("status", flat=True)) == {Status.CANCELLED}
    assert rescores_advance() == 0
    assert public_board(competition) == before
    with pytest.raises(RescoreEnded):
        rescore_cancel(competition=competition, rescore_id=rescore.pk, actor=None)


def test_applying_twice_changes_nothing(
    competition: Competition, scored: list[Submission], changed: Publish, pipeline: Pipeline
) -> None:
    changed()
    rescore = start(competition)
    for submission in scored:
        pipeline.report_scores(pipeline.claim_score(again(rescore, submission)), public=0.2)
    assert (rescores_advance(), rescores_advance()) == (1, 0)
    assert OutboxEvent.objects.filter(kind=RESCORED_EVENT).count() == 1


def test_a_fault_while_it_is_applied_applies_nothing(
    competition: Competition,
    scored: list[Submission],
    changed: Publish,
    pipeline: Pipeline,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = public_board(competition)
    changed()
    rescore = start(competition)
    for submission in scored:
        pipeline.report_scores(pipeline.claim_score(again(rescore, submission)), public=0.2)

    def fail(**_: object) -> None:
        raise RuntimeError("the machine stops here")

    with monkeypatch.context() as patch:
        patch.setattr("minigiants.submissions.rescoring.outbox_write", fail)
        with pytest.raises(RuntimeError):
            rescores_advance()
    assert public_board(competition) == before
    assert rescores_advance() == 1


def test_one_at_a_time_and_only_where_something_changed(
    competition: Competition, scored: list[Submission], changed: Publish
) -> None:
    with pytest.raises(NothingToRescore):
        start(competition)
    changed()
    start(competition)
    with pytest.raises(RescoreRunning):
        start(competition)
    with pytest.raises(InvalidInput):
        rescore_start(competition=competition, actor=None, reason=" ")


@pytest.mark.parametrize(
    ("role", "may"),
    [("owner", True), ("organizer", True), ("judge", False), ("viewer", False), (None, False)],
)
def test_who_may(
    competition: Competition,
    scored: list[Submission],
    changed: Publish,
    role: str | None,
    may: bool,
) -> None:
    changed()
    person: User = UserFactory.create()
    if role is not None:
        Host.objects.create(competition=competition, user=person, role=role)
    if may:
        rescore_start(competition=competition, actor=person, reason="Fixed.")
    else:
        with pytest.raises(NotPermitted):
            rescore_start(competition=competition, actor=person, reason="Fixed.")
        assert not Rescore.objects.exists()
