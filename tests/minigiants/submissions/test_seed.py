"""`manage.py seed`: baselines compete by everybody's way, and running it again adds nothing."""

import json
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from redis import Redis

from evaluator.contract import Presence, Role, Strength
from minigiants.accounts.models import User
from minigiants.artifacts.models import Artifact, UploadSession
from minigiants.competitions.models import PackVersion
from minigiants.config.celery import app as celery
from minigiants.leaderboards.models import Standing
from minigiants.submissions.lifecycle import Status
from minigiants.submissions.models import Score, Submission
from minigiants.submissions.tasks import catch_up_baselines
from minigiants.submissions.workers import presence_record, worker_key_register
from minigiants.teams.models import Team
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db

DIGITS = Path(__file__).parents[3] / "competitions" / "digits"


@pytest.fixture(autouse=True)
def packs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of packs with a copy of digits in it."""
    root = tmp_path / "packs"
    shutil.copytree(DIGITS, root / "digits")
    monkeypatch.setattr(settings, "PACKS_ROOT", root)
    return root


def seed(*arguments: str) -> str:
    out = StringIO()
    call_command("seed", *arguments, stdout=out, stderr=out)
    return out.getvalue()


def worker_offers(*formats: str) -> None:
    """Let a predict worker be there that runs `formats`."""
    key = worker_key_register(role=Role.PREDICT, profile="cpu", name="test", secret="s" * 40)
    presence = Presence(
        worker="w1",
        role=Role.PREDICT,
        profile="cpu",
        slots=1,
        strength=Strength.DOCKER if "python" in formats else Strength.FALLBACK,
        formats=formats,
    )
    presence_record(key=key, presence=presence)


def handed_in() -> list[tuple[str, str | None]]:
    return [
        (submission.team.name, submission.division.slug if submission.division else None)
        for submission in Submission.objects.select_related("division", "team").order_by("pk")
    ]


def test_baselines_wait_in_the_queue_like_everything_else() -> None:
    output = seed()
    assert handed_in() == [
        ("Linear softmax, 650 parameters", "1k"),
        ("One hidden layer, 9,610 parameters", "10k"),
    ]
    assert set(Submission.objects.values_list("status", flat=True)) == {Status.QUEUED}
    assert not Score.objects.exists()
    assert not Standing.objects.exists()
    assert set(Team.objects.values_list("is_baseline", flat=True)) == {True}
    assert "conv-python: waits for a worker that runs its format" in output


def test_a_second_time_adds_nothing() -> None:
    seed()
    output = seed()
    assert output.count("unchanged") == 2
    assert len(handed_in()) == 2
    assert (Artifact.objects.count(), UploadSession.objects.count()) == (2, 2)
    assert (PackVersion.objects.count(), User.objects.count()) == (1, 2)


def test_python_waits_for_a_container() -> None:
    worker_offers("onnx")
    assert "conv-python: waits" in seed()
    worker_offers("onnx", "python")
    assert "conv-python: handed in" in seed()
    assert handed_in()[-1] == ("Three convolutions, 9,098 parameters", "10k")
    assert "conv-python: unchanged" in seed()


def test_a_container_that_appears_later_brings_the_python_baseline(
    django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[list[Any]]],
) -> None:
    seed()
    with django_capture_on_commit_callbacks() as callbacks:
        worker_offers("onnx")
    assert callbacks == []
    with django_capture_on_commit_callbacks() as callbacks:
        worker_offers("onnx", "python")
        worker_offers("onnx", "python")
    assert len(callbacks) == 1
    with Redis.from_url(settings.BROKER_URL) as redis:
        redis.delete("platform")
        callbacks[0]()
        message = json.loads(redis.lpop("platform"))
    celery.tasks[message["headers"]["task"]]()
    assert handed_in()[-1] == ("Three convolutions, 9,098 parameters", "10k")
    catch_up_baselines()
    assert len(handed_in()) == 3


def test_a_checkpoint_waits_for_a_worker_that_has_torch(
    packs: Path,
    django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[list[Any]]],
) -> None:
    shutil.copytree(DIGITS.parent / "tiny-code-lm", packs / "tiny-code-lm")
    worker_offers("onnx")
    assert "llama-96k: waits for a worker" in seed("--competitions", "tiny-code-lm")
    with django_capture_on_commit_callbacks() as callbacks:
        worker_offers("onnx", "transformers")
    assert len(callbacks) == 1
    assert "llama-96k: handed in" in seed("--competitions", "tiny-code-lm")


def test_a_failed_baseline_is_handed_in_again() -> None:
    seed()
    submission = Submission.objects.order_by("pk")[0]
    submission.evaluations.update(status=Status.FAILED)
    Submission.objects.filter(pk=submission.pk).update(status=Status.FAILED)
    assert "softmax-650: handed in" in seed()
    assert len(handed_in()) == 3


def test_a_changed_baseline_is_handed_in(packs: Path) -> None:
    seed()
    (packs / "digits/baselines/softmax-650/artifact/notes.txt").write_text("changed")
    assert "softmax-650: handed in" in seed()
    assert len(handed_in()) == 4  # both again: with another baseline it is another version


def test_a_baseline_that_inspection_refuses_is_an_error(packs: Path) -> None:
    (packs / "digits/baselines/softmax-650/artifact/model.pkl").write_bytes(b"\x80\x04.")
    with pytest.raises(CommandError, match="digits"):
        seed()
    rejected, queued = Submission.objects.order_by("pk")
    assert (rejected.status, queued.status) == (Status.REJECTED, Status.QUEUED)


def test_a_new_version_evaluates_its_baselines_anew(packs: Path) -> None:
    seed()
    Submission.objects.update(status=Status.SCORED)
    (packs / "digits/pages/rules.md").write_text("One rule.")
    seed()
    assert len(handed_in()) == 4
    assert PackVersion.objects.count() == 2


def test_a_broken_pack_stops_no_other(packs: Path) -> None:
    shutil.copytree(packs / "digits", packs / "broken")
    (packs / "broken/competition.yaml").write_text("title: Broken\n")
    with pytest.raises(CommandError, match=r"could be seeded: broken\."):
        seed()
    assert len(handed_in()) == 2


def test_packs_can_be_named(packs: Path) -> None:
    shutil.copytree(packs / "digits", packs / "others")
    seed("--competitions", "others")
    assert PackVersion.objects.get().competition.slug == "others"
    with pytest.raises(CommandError, match=r"no pack letters in .*There are: digits, others\."):
        seed("--competitions", "letters", "digits")
    assert PackVersion.objects.count() == 1


def test_nobody_can_log_in_as_the_baselines() -> None:
    seed()
    users = User.objects.filter(username__startswith="baseline-digits-")
    assert users.count() == 2
    assert not any(user.has_usable_password() or user.is_active for user in users)


def test_a_team_that_bears_a_baselines_title_keeps_it() -> None:
    seed()
    team = Team.objects.get(name="Linear softmax, 650 parameters")
    Team.objects.filter(pk=team.pk).update(name="renamed")
    Team.objects.create(competition=team.competition, name="Linear softmax, 650 parameters")
    seed()
    team.refresh_from_db()
    assert team.name == "renamed"


def test_a_person_of_that_name_does_not_own_the_baselines() -> None:
    UserFactory.create(username="baseline-digits-softmax-650")
    with pytest.raises(CommandError):
        seed()
    assert not Team.objects.exists()


def test_demo_accounts_are_made_only_where_asked_for(tmp_path: Path) -> None:
    seed()
    assert not User.objects.filter(username="demo").exists()
    seed("--json-file", str(tmp_path / "demo.json"))
    assert User.objects.filter(username="demo").exists()
    assert (tmp_path / "demo.json").exists()
