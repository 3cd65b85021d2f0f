"""Handing in: what is accepted, what is refused, and what is charged."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connections
from django.utils import timezone

from evaluator.contract import Failure, Gpu, Machine, Presence, Role, Strength
from evaluator.inspection.refusals import RefusalCode, refusal
from minigiants.artifacts.models import Artifact, Inspection
from minigiants.competitions.models import Competition, RulesAcceptance
from minigiants.competitions.problems import RulesNotAccepted
from minigiants.competitions.selectors import current_version
from minigiants.core.models import OutboxEvent
from minigiants.core.problems import InvalidInput, NotFound, Problem
from minigiants.leaderboards.models import Standing
from minigiants.submissions.health import installation_state
from minigiants.submissions.lifecycle import Status
from minigiants.submissions.models import Evaluation, Submission
from minigiants.submissions.presentation import submission_view
from minigiants.submissions.problems import (
    DuplicateSubmission,
    NeedsContainer,
    NotCancellable,
    PhaseClosed,
    QuotaExhausted,
    TooManyFailures,
    TooManyRunning,
    WorkersTooSmall,
)
from minigiants.submissions.selectors import submission_whole
from minigiants.submissions.services import submission_cancel, submission_create
from minigiants.submissions.workers import presence_record
from minigiants.teams.models import Team
from minigiants.teams.problems import TeamTooLarge
from tests.support.factories import (
    ArtifactFactory,
    TeamFactory,
    UserFactory,
    member_add,
    member_of,
    pack_spec,
    version_change,
)
from tests.support.pipeline import Pipeline, queued_submission, runnable_competition

pytestmark = pytest.mark.django_db


@pytest.fixture
def team() -> Team:
    return TeamFactory(competition=runnable_competition())


def hand_in(team: Team, *, artifact: Artifact | None = None, message: str = "") -> Submission:
    artifact = artifact or ArtifactFactory.create(team=team)
    return submission_create(
        user=member_of(team),
        competition=team.competition,
        artifact_id=artifact.pk,
        message=message,
    )


def division_of(submission: Submission) -> str:
    assert submission.division is not None
    return submission.division.slug


def spec_changed(competition: Competition, **changes: object) -> None:
    version = current_version(competition)
    version_change(version, pack_spec(**changes).model_dump(mode="json"))


def phase(**changes: object) -> dict[str, object]:
    given = pack_spec().phases[0].model_dump()
    quota = given["quota"] | changes.pop("quota", {})
    return given | {"quota": quota} | changes


def test_an_accepted_model_is_queued_in_its_division_and_charged(team: Team) -> None:
    submission = hand_in(team, message="first try")
    assert submission.status == Status.QUEUED
    assert division_of(submission) == "nano"
    assert (submission.number, submission.message) == (1, "first try")
    assert submission.quota_charged
    evaluation = submission.evaluations.get()
    assert (evaluation.status, evaluation.attempt, evaluation.profile) == ("queued", 1, "cpu")
    assert [change.status for change in submission.changes.all()] == ["queued"]
    assert OutboxEvent.objects.filter(kind="submission.queued").count() == 1


def test_a_bigger_model_enters_the_wider_division(team: Team) -> None:
    artifact = ArtifactFactory.create(team=team, parameters=5000)
    assert division_of(hand_in(team, artifact=artifact)) == "micro"


def test_a_refused_model_is_recorded_as_rejected_and_charges_nothing(team: Team) -> None:
    artifact = ArtifactFactory(team=team)
    inspection = Inspection.objects.get(artifact=artifact)
    refused = refusal(RefusalCode.PICKLE, "model.pkl", "model.pkl is a pickle.")
    inspection.verdict |= {"refusals": [refused.model_dump()], "counts": None}
    inspection.accepted, inspection.division = False, None
    inspection.save()
    submission = hand_in(team, artifact=artifact)
    assert submission.status == Status.REJECTED
    assert not submission.quota_charged
    assert not submission.failure_charged
    assert not submission.evaluations.exists()


def test_rules_come_first(team: Team) -> None:
    RulesAcceptance.objects.all().delete()
    with pytest.raises(RulesNotAccepted):
        hand_in(team)


@pytest.mark.parametrize("shift", [timedelta(days=-60), timedelta(days=60)])
def test_outside_of_the_phase_nothing_is_taken(team: Team, shift: timedelta) -> None:
    now = timezone.now()
    spec_changed(
        team.competition,
        phases=[phase(opens=now + shift, closes=now + shift + timedelta(days=1))],
    )
    with pytest.raises(PhaseClosed):
        hand_in(team)
    assert not Submission.objects.exists()


def test_the_days_quota_ends(team: Team) -> None:
    spec_changed(team.competition, phases=[phase(quota={"per_day": 2, "concurrent": 9})])
    hand_in(team)
    hand_in(team)
    with pytest.raises(QuotaExhausted) as caught:
        hand_in(team)
    assert caught.value.extra["renews_at"]
    assert not caught.value.quota_charged
    Submission.objects.update(created_at=timezone.now() - timedelta(days=1))
    assert hand_in(team).status == Status.QUEUED


def test_the_phases_quota_ends(team: Team) -> None:
    spec_changed(team.competition, phases=[phase(quota={"total": 1, "concurrent": 9})])
    hand_in(team)
    Submission.objects.update(created_at=timezone.now() - timedelta(days=3))
    with pytest.raises(QuotaExhausted):
        hand_in(team)


def test_no_more_than_so_many_run_at_once(team: Team) -> None:
    hand_in(team)
    hand_in(team)
    with pytest.raises(TooManyRunning):
        hand_in(team)


def test_failures_of_the_model_cost_no_quota_but_are_capped(team: Team) -> None:
    spec_changed(team.competition, phases=[phase(quota={"failures_per_day": 1, "per_day": 1})])
    submission = hand_in(team)
    pipeline = Pipeline.start()
    job = pipeline.claim_predict(submission.evaluations.get())
    pipeline.report_failure(job, Failure.OUT_OF_MEMORY)
    submission.refresh_from_db()
    assert (submission.quota_charged, submission.failure_charged) == (False, True)
    with pytest.raises(TooManyFailures):
        hand_in(team)


def test_the_same_bytes_are_not_taken_twice(team: Team) -> None:
    artifact = ArtifactFactory(team=team)
    first = hand_in(team, artifact=artifact)
    with pytest.raises(DuplicateSubmission) as caught:
        hand_in(team, artifact=artifact)
    assert caught.value.extra["submission"] == str(first.pk)


def test_what_failed_may_be_tried_again(team: Team) -> None:
    artifact = ArtifactFactory(team=team)
    first = hand_in(team, artifact=artifact)
    pipeline = Pipeline.start()
    pipeline.report_failure(
        pipeline.claim_predict(first.evaluations.get()), Failure.NEEDS_CONTAINER
    )
    assert hand_in(team, artifact=artifact).number == 2


def test_a_long_message_is_refused(team: Team) -> None:
    with pytest.raises(InvalidInput):
        hand_in(team, message="x" * 201)


def test_another_teams_model_does_not_exist(team: Team) -> None:
    stranger = TeamFactory(competition=team.competition)
    with pytest.raises(NotFound):
        hand_in(team, artifact=ArtifactFactory(team=stranger))


def test_a_model_belongs_to_its_competition(team: Team) -> None:
    other = runnable_competition()
    with pytest.raises(NotFound):
        submission_create(
            user=member_of(team), competition=other, artifact_id=ArtifactFactory(team=team).pk
        )


def present(
    pipeline: Pipeline, *formats: str, machine: Machine | None = None, hindrance: str = ""
) -> None:
    presence_record(
        key=pipeline.predict_key,
        presence=Presence(
            worker="w",
            role=Role.PREDICT,
            profile="cpu",
            slots=1,
            strength=Strength.FALLBACK,
            formats=formats,
            machine=machine,
            hindrance=hindrance,
        ),
    )


@pytest.mark.parametrize(
    ("name", "why"), [("python", "participants' code"), ("transformers", "torch and transformers")]
)
def test_a_format_that_no_worker_runs_is_refused(team: Team, name: str, why: str) -> None:
    pipeline = Pipeline.start()
    artifact = ArtifactFactory(team=team, format=name)
    present(pipeline, "onnx")
    with pytest.raises(NeedsContainer) as refused:
        hand_in(team, artifact=artifact)
    assert why in refused.value.detail
    assert "Operators: " in refused.value.how_to_mend
    assert not Submission.objects.exists()
    present(pipeline, "onnx", name)
    assert hand_in(team, artifact=artifact).status == Status.QUEUED


def test_more_memory_than_any_worker_has_is_refused(team: Team) -> None:
    pipeline = Pipeline.start()
    needed = current_version(team.competition).spec.runtime.limits.memory_bytes
    small = Machine(cpus=1, memory_bytes=needed - 1)
    present(pipeline, "onnx", machine=small)
    with pytest.raises(
        WorkersTooSmall, match="every worker of the profile cpu has less"
    ) as refused:
        hand_in(team)
    assert "nothing wrong with the model" in refused.value.how_to_mend
    assert not Submission.objects.exists()
    present(pipeline, "onnx", machine=Machine(cpus=0.5, memory_bytes=needed))
    assert hand_in(team).status == Status.QUEUED


def test_a_file_of_results_needs_no_memory(team: Team) -> None:
    present(Pipeline.start(), "predictions", machine=Machine(cpus=1, memory_bytes=1024**2))
    artifact = ArtifactFactory(team=team, format="predictions")
    assert hand_in(team, artifact=artifact).status == Status.QUEUED


def test_a_worker_that_tells_nothing_of_its_machine_may_hold_it(team: Team) -> None:
    present(Pipeline.start(), "onnx")
    assert hand_in(team).status == Status.QUEUED


def test_operators_see_what_the_machines_have(capsys: pytest.CaptureFixture[str]) -> None:
    gpu = Gpu(kind="NVIDIA L4", memory_bytes=24 * 1024**3)
    machine = Machine(cpus=4, memory_bytes=16 * 1024**3, gpu=gpu)
    present(Pipeline.start(), "onnx", machine=machine)
    call_command("status")
    told = "predict.cpu, sandbox fallback, 4 CPUs, 16.0 GiB, NVIDIA L4 with 24.0 GiB"
    assert told in capsys.readouterr().out
    [worker] = installation_state(user=None)["workers"]
    assert (worker["gpu"], worker["gpu_memory_bytes"]) == ("NVIDIA L4", 24 * 1024**3)


def test_a_worker_on_which_no_job_can_begin_starts_nothing_yet(
    team: Team, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its formats are known, so nothing is refused; but nobody is promised a time."""
    pipeline = Pipeline.start()
    present(pipeline, "onnx", "python", hindrance="The container engine does not answer.")
    submission = hand_in(team, artifact=ArtifactFactory(team=team, format="python"))
    view = submission_view(submission)
    assert (view.position, view.expected_start) == (1, None)
    call_command("status")
    assert "takes no work: The container engine does not answer." in capsys.readouterr().out
    assert not is_healthy_with(Role.SCORE, beside=pipeline)
    present(pipeline, "onnx", "python")
    assert submission_view(submission).expected_start is not None
    assert is_healthy_with(Role.SCORE, beside=pipeline)


def is_healthy_with(role: Role, *, beside: Pipeline) -> bool:
    """Whether the installation is healthy once a worker of `role` takes jobs, too."""
    presence_record(
        key=beside.score_key, presence=Presence(worker="s", role=role, profile="cpu", slots=1)
    )
    return bool(installation_state(user=None)["healthy"])


def test_python_waits_where_no_worker_is_there_at_all(team: Team) -> None:
    artifact = ArtifactFactory(team=team, format="python")
    assert hand_in(team, artifact=artifact).status == Status.QUEUED


def test_cancelled_while_waiting_gives_the_quota_back() -> None:
    submission = queued_submission()
    user = member_of(submission.team)
    cancelled = submission_cancel(user=user, submission_id=submission.pk)
    assert cancelled.status == Status.CANCELLED
    assert not cancelled.quota_charged
    with pytest.raises(NotCancellable):
        submission_cancel(user=user, submission_id=submission.pk)


def test_cancelled_while_running_keeps_its_charge() -> None:
    submission = queued_submission()
    Pipeline.start().claim_predict(submission.evaluations.get())
    cancelled = submission_cancel(user=member_of(submission.team), submission_id=submission.pk)
    assert cancelled.quota_charged
    assert Evaluation.objects.get().status == Status.CANCELLED


def test_a_stranger_cannot_cancel() -> None:
    submission = queued_submission()
    with pytest.raises(NotFound):
        submission_cancel(user=UserFactory(), submission_id=submission.pk)


@pytest.mark.django_db(transaction=True)
def test_of_many_who_hand_in_at_once_only_as_many_as_allowed_succeed() -> None:
    team = TeamFactory(competition=runnable_competition())
    artifacts = [ArtifactFactory(team=team) for _ in range(8)]

    def try_one(artifact: Artifact) -> str:
        try:
            hand_in(team, artifact=artifact)
        except Problem as problem:
            return problem.code
        finally:
            connections.close_all()
        return "ok"

    with ThreadPoolExecutor(8) as pool:
        outcomes = sorted(pool.map(try_one, artifacts))
    assert outcomes == ["ok"] * 2 + ["too_many_running"] * 6
    assert sorted(Submission.objects.values_list("number", flat=True)) == [1, 2]


def ended(**changes: object) -> dict[str, object]:
    past = timezone.now() - timedelta(days=1)
    return {"phases": [phase(opens=past - timedelta(days=9), closes=past)], **changes}


def test_what_comes_late_is_scored_and_ranks_nowhere(team: Team) -> None:
    spec_changed(team.competition, **ended(late_submissions=True))
    submission = hand_in(team)
    assert submission.is_late
    assert submission.phase.slug == "main"
    Pipeline.start().run(submission, public=0.9, private=0.8)
    submission.refresh_from_db()
    assert (submission.status, submission.public_score) == (Status.SCORED, 0.9)
    assert not Standing.objects.exists()
    assert submission_view(submission_whole(submission_id=submission.pk)).rank is None


def test_late_submissions_keep_the_last_phases_quota(team: Team) -> None:
    spec_changed(
        team.competition,
        late_submissions=True,
        phases=[
            phase(closes=timezone.now() - timedelta(hours=1), quota={"per_day": 1, "total": 9})
        ],
    )
    hand_in(team)
    with pytest.raises(QuotaExhausted):
        hand_in(team)


def test_nothing_comes_late_where_the_pack_does_not_say_so(team: Team) -> None:
    spec_changed(team.competition, **ended())
    with pytest.raises(PhaseClosed):
        hand_in(team)


def test_between_phases_nothing_is_late(team: Team) -> None:
    soon = timezone.now() + timedelta(days=1)
    spec_changed(
        team.competition,
        late_submissions=True,
        phases=[phase(opens=soon, closes=soon + timedelta(days=1))],
    )
    with pytest.raises(PhaseClosed):
        hand_in(team)


def test_a_team_of_too_many_hands_nothing_in(team: Team) -> None:
    spec_changed(team.competition, teams={"max_size": 1})
    hand_in(team)
    artifact = ArtifactFactory.create(team=team)
    member_add(team, UserFactory.create())
    with pytest.raises(TeamTooLarge, match="has 2 people; 1 are allowed"):
        hand_in(team, artifact=artifact)
