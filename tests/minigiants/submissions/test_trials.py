"""A pack serves only after its baselines have scored as announced."""

from collections.abc import Callable

import pytest
from django.core import mail
from django.utils import timezone

from evaluator.contract import Failure
from minigiants.accounts.models import User
from minigiants.competitions.models import Competition, Host, PackVersion
from minigiants.competitions.problems import PackRefused
from minigiants.competitions.services import competition_unpublish
from minigiants.core.models import AuditEntry
from minigiants.core.problems import NotFound, NotPermitted
from minigiants.notifications.services import outbox_deliver
from minigiants.submissions.editing import page_edit
from minigiants.submissions.hosting import Published, archive_check, archive_publish
from minigiants.submissions.models import Evaluation, Submission, Trial, TrialRun, WorkerPresence
from minigiants.submissions.problems import ClaimLost, TrialEnded, WorkersTooSmall
from minigiants.submissions.queue import next_entries
from minigiants.submissions.statistics import competition_statistics
from minigiants.submissions.trial_presentation import trial_view
from minigiants.submissions.trials import (
    trial_cancel,
    trial_conclude,
    trials_complete,
)
from tests.support.archived_pack import (
    SPECIFICATION,
    made_founder,
    pack_files,
    served,
    tried,
)
from tests.support.factories import UserFactory
from tests.support.pipeline import Pipeline
from tests.support.zipped import zipped

pytestmark = pytest.mark.django_db

Files = dict[str, bytes]


@pytest.fixture
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return pack_files(tmp_path_factory.mktemp("pack"))


@pytest.fixture
def founder() -> User:
    return made_founder()


def publish(files: Files, actor: User) -> Trial:
    answer = archive_publish(slug="tiny", archive=zipped(files), actor=actor)
    assert isinstance(answer, Trial)
    return answer


def at_once(files: Files, actor: User) -> PackVersion:
    answer = archive_publish(slug="tiny", archive=zipped(files), actor=actor)
    assert isinstance(answer, Published)
    return answer.version


def relabelled(files: Files) -> Files:
    """The pack with other labels."""
    return {**files, "built/labels.csv": b"id,label\na,1\nb,1\nc,0\nd,1\n"}


def serving() -> PackVersion | None:
    return Competition.objects.get().current_version


def ended(trial: Trial) -> Trial:
    trial.refresh_from_db()
    assert trial.ended_at is not None
    assert not Evaluation.objects.filter(
        trial_run__trial=trial, status__in=["queued", "predicting", "scoring"]
    ).exists()
    return trial


def test_it_serves_once_the_baselines_score_as_announced(files: Files, founder: User) -> None:
    trial = publish(files, founder)
    assert serving() is None
    assert Host.objects.get().user == founder
    assert not Submission.objects.exists()
    assert trials_complete() == []
    assert not trial_conclude(trial_id=trial.pk)
    tried(trial, public=0.5)
    assert ended(trial).state == Trial.State.SERVED
    assert serving() == trial.version
    submission = Submission.objects.get()
    assert (submission.team.name, submission.status) == ("One", "queued")
    assert submission.artifact.files.count() == 1
    entry = AuditEntry.objects.get(action="pack.publish")
    assert entry.actor_id == founder.pk
    assert not trial_conclude(trial_id=trial.pk)


def test_one_that_scores_something_else_is_refused_with_its_line(
    files: Files, founder: User
) -> None:
    version = served(files, founder)
    trial = publish(relabelled(files), founder)
    assert serving() == version
    tried(trial, public=0.25)
    assert ended(trial).state == Trial.State.REFUSED
    (fault,) = trial.faults
    line = SPECIFICATION.splitlines().index("  - {folder: baselines/one, title: One, score: 0.5}")
    assert (fault["file"], fault["line"]) == ("competition.yaml", line + 1)
    assert fault["message"] == ("One scores 0.25 on the public split; 0.5 is announced, ± 1e-09")
    assert serving() == version
    assert Submission.objects.count() == 1
    assert AuditEntry.objects.get(action="pack.refuse").detail["faults"] == [
        f"competition.yaml:{line + 1}: baselines[0]: {fault['message']}"
    ]


@pytest.mark.parametrize("failure", [Failure.CRASHED, Failure.SCORING_FAILED])
def test_one_that_fails_is_refused(files: Files, founder: User, failure: Failure) -> None:
    trial = publish(files, founder)
    pipeline, run = Pipeline.start(), trial.runs.get()
    job = pipeline.claim_predict(run.evaluation)
    if failure is Failure.SCORING_FAILED:
        pipeline.report_predictions(job)
        pipeline.report_failure(pipeline.claim_score(run.evaluation), failure)
    else:
        pipeline.report_failure(job, failure)
    assert trials_complete() == [trial.pk]
    assert trial_conclude(trial_id=trial.pk)
    assert ended(trial).state == Trial.State.REFUSED
    assert "One has no score: its run failed." in trial.faults[0]["message"]
    assert serving() is None
    (shown,) = trial_view(trial).runs
    assert (shown.status, shown.why) == ("failed", "SECRET detail for hosts")


def test_a_fault_of_the_platform_refuses_nothing(files: Files, founder: User) -> None:
    trial = publish(files, founder)
    pipeline, evaluation = Pipeline.start(), trial.runs.get().evaluation
    for attempt in (1, 2, 3):
        job = pipeline.claim_predict(evaluation, attempt)
        pipeline.report_failure(job, Failure.WORKER_FAULT)
    assert trial_conclude(trial_id=trial.pk)
    assert (ended(trial).state, trial.faults) == (Trial.State.FAILED, [])
    again = publish(files, founder)
    assert (again.version, again == trial) == (trial.version, False)
    tried(again)
    assert serving() == trial.version


def test_workers_get_the_model_as_the_pack_ships_it(files: Files, founder: User) -> None:
    run = publish(files, founder).runs.get()
    job = Pipeline.start().claim_predict(run.evaluation)
    (model,) = job.artifact
    content = files["baselines/one/artifact/model.onnx"]
    assert (job.format, model.path, model.size) == ("onnx", "model.onnx", len(content))


def test_what_inspection_refuses_is_told_at_once(files: Files, founder: User) -> None:
    files["competition.yaml"] = SPECIFICATION.replace("parameters: 100", "parameters: 1").encode()
    for call in (archive_publish, archive_check):
        with pytest.raises(PackRefused) as refused:
            call(slug="tiny", archive=zipped(files), actor=founder)
        (fault,) = refused.value.faults
        assert fault.line == len(SPECIFICATION.splitlines())
        assert "One is refused by inspection: Over the widest division's budget" in fault.message
    assert not Competition.objects.exists()


@pytest.mark.parametrize(
    ("change", "is_tried"),
    [
        (lambda files: files.update({"pages/rules.md": b"# Other rules\n"}), False),
        (lambda files: edit(files, "title: Tiny", "title: Tinier"), False),
        (lambda files: edit(files, "per_day: 5", "per_day: 6"), False),
        (lambda files: edit(files, "2100-01-01", "2101-01-01"), False),
        (lambda files: files.update({"built/train.csv": b"id,label,x\nt1,1,9\n"}), False),
        (lambda files: files.update({"baselines/one/train.py": b"print('anew')\n"}), False),
        (lambda files: files.update(relabelled(files)), True),
        (lambda files: edit(files, "score: 0.5", "score: 0.25"), True),
        (lambda files: edit(files, "seed: 1", "seed: 2"), True),
        (lambda files: edit(files, "parameters: 100", "parameters: 90"), True),
        (lambda files: files.update({"baselines/one/artifact/notes.txt": b"x"}), True),
    ],
)
def test_only_what_a_score_follows_from_asks_for_a_trial(
    files: Files, founder: User, change: Callable[[Files], None], is_tried: bool
) -> None:
    served(files, founder)
    change(files)
    answer = archive_publish(slug="tiny", archive=zipped(files), actor=founder)
    assert isinstance(answer, Trial) == is_tried


def edit(files: Files, old: str, new: str) -> None:
    files["competition.yaml"] = files["competition.yaml"].replace(old.encode(), new.encode())


def test_only_the_baselines_that_changed_are_run(files: Files, founder: User) -> None:
    served(files, founder)
    files["baselines/two/artifact/model.onnx"] = files["baselines/one/artifact/model.onnx"]
    files["baselines/two/artifact/notes.txt"] = b"another"
    files["competition.yaml"] += b"  - {folder: baselines/two, title: Two, score: 0.75}\n"
    trial = publish(files, founder)
    one, two = trial_view(trial).runs
    assert (one.status, two.status) == ("passed_over", "queued")
    tried(trial, public=0.75)
    assert ended(trial).state == Trial.State.SERVED
    assert set(Submission.objects.values_list("team__name", flat=True)) == {"One", "Two"}


def test_what_has_served_before_serves_again_at_once(files: Files, founder: User) -> None:
    version = served(files, founder)
    assert at_once(files, founder) == version
    competition_unpublish(competition=Competition.objects.get(), actor=founder)
    assert at_once(files, founder) == version
    assert serving() == version


def test_a_format_that_no_worker_runs_is_not_waited_for(files: Files, founder: User) -> None:
    key = Pipeline.start().predict_key
    WorkerPresence.objects.create(
        key=key, name="w", slots=1, formats=["transformers"], seen_at=timezone.now()
    )
    trial = publish(files, founder)
    assert trial.runs.get().passed_over == TrialRun.PassedOver.NO_WORKER
    assert trials_complete() == [trial.pk]
    assert trial_conclude(trial_id=trial.pk)
    assert serving() == trial.version


def test_a_pack_that_asks_for_more_memory_than_there_is_goes_on_no_trial(
    files: Files, founder: User
) -> None:
    key = Pipeline.start().predict_key
    worker = WorkerPresence.objects.create(
        key=key, name="w", slots=1, formats=["onnx"], seen_at=timezone.now(), memory_bytes=1 << 20
    )
    with pytest.raises(WorkersTooSmall) as refused:
        publish(files, founder)
    assert "memory_bytes in competition.yaml" in refused.value.how_to_mend
    assert not Trial.objects.exists()
    worker.memory_bytes = 1 << 34
    worker.save()
    assert publish(files, founder).runs.get().passed_over == TrialRun.PassedOver.NO


def test_a_newer_pack_takes_the_place_of_one_on_trial(files: Files, founder: User) -> None:
    first = publish(files, founder)
    assert publish(files, founder) == first
    evaluation = first.runs.get().evaluation
    second = publish(relabelled(files), founder)
    assert ended(first).state == Trial.State.CANCELLED
    assert first.detail == "Version 2 came after it."
    with pytest.raises(ClaimLost):
        Pipeline.start().claim_predict(evaluation)
    tried(second)
    assert serving() == second.version


def test_what_is_published_meanwhile_is_not_overwritten(files: Files, founder: User) -> None:
    served(files, founder)
    trial = publish(relabelled(files), founder)
    page_edit(
        competition=Competition.objects.get(), number=1, name="rules", text="# New", actor=founder
    )
    tried(trial)
    assert ended(trial).state == Trial.State.OVERTAKEN
    now = serving()
    assert now is not None
    assert now.pages["rules"] == "# New"


def test_who_may_publish_no_more_when_it_ends_publishes_nothing(
    files: Files, founder: User
) -> None:
    trial = publish(files, founder)
    Host.objects.create(
        competition=trial.competition, user=UserFactory.create(), role=Host.Role.OWNER
    )
    Host.objects.filter(user=founder).delete()
    tried(trial)
    assert ended(trial).state == Trial.State.REFUSED
    assert serving() is None


def test_a_trial_can_be_given_up(files: Files, founder: User) -> None:
    trial = publish(files, founder)
    competition = trial.competition
    with pytest.raises(NotPermitted):
        trial_cancel(competition=competition, trial_id=trial.pk, actor=UserFactory.create())
    with pytest.raises(NotFound):
        trial_cancel(competition=competition, trial_id=competition.pk, actor=founder)
    trial_cancel(competition=competition, trial_id=trial.pk, actor=founder)
    assert ended(trial).state == Trial.State.CANCELLED
    with pytest.raises(TrialEnded):
        trial_cancel(competition=competition, trial_id=trial.pk, actor=founder)
    assert serving() is None


def test_hosts_are_told_what_came_of_it(files: Files, founder: User) -> None:
    tried(publish(files, founder), public=0.25)
    outbox_deliver()
    (refused,) = mail.outbox
    assert refused.subject == "Minigiants: version 1 is not published in Tiny"
    assert "competition.yaml:16: baselines[0]: One scores 0.25" in refused.body
    assert refused.to == [founder.email]
    mail.outbox.clear()
    tried(publish(files, founder))
    outbox_deliver()
    assert [each.subject for each in mail.outbox] == ["Minigiants: version 1 serves in Tiny"]


def test_a_trial_counts_among_no_submissions(files: Files, founder: User) -> None:
    version = served(files, founder)
    publish(relabelled(files), founder)
    found = competition_statistics(competition=version.competition)
    assert found.days == [] or all(day.submissions == 0 for day in found.days)


def test_it_has_its_turn_as_one_team_more(files: Files, founder: User) -> None:
    files["baselines/two/artifact/model.onnx"] = files["baselines/one/artifact/model.onnx"]
    files["competition.yaml"] += b"  - {folder: baselines/two, title: Two, score: 0.75}\n"
    trial = publish(files, founder)
    evaluations = {run.evaluation.pk for run in trial.runs.all()}
    entries = next_entries(profile="cpu", limit=5)
    assert {entry.evaluation_id for entry in entries} == evaluations
    assert {(entry.team_id, entry.competition_id) for entry in entries} == {
        (trial.pk, trial.competition_id)
    }
