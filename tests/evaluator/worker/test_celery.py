"""The worker as it is started in production: a process, a real Redis, a platform over HTTP."""

import json
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from celery import Celery

from evaluator import broker
from evaluator.contract import Role
from tests.evaluator.worker.fake_platform import KEY, FakePlatform
from tests.evaluator.worker.jobs import npy
from tests.evaluator.worker.own_redis import RedisServer
from tests.support.bomb import Bomb

LABELS = b"id,label,usage\na,0,Public\nb,1,Private\n"
SECONDS = 60.0


class WorkerProcess:
    """`celery -A evaluator.worker worker`, its log kept line by line."""

    def __init__(self, environment: dict[str, str]) -> None:
        path = os.pathsep.join(filter(None, [str(Path.cwd()), os.environ.get("PYTHONPATH")]))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "evaluator.worker", "worker"],
            env={
                "PATH": os.environ["PATH"],
                "HOME": os.environ.get("HOME", "/"),
                "PYTHONPATH": path,
                **environment,
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []
        self.ended = False
        self.changed = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self.changed:
                self.lines.append(line)
                self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def wait_for(self, text: str, times: int = 1) -> None:
        with self.changed:
            assert self.changed.wait_for(
                lambda: self.ended or sum(text in line for line in self.lines) >= times, SECONDS
            ), "".join(self.lines)
            assert not self.ended, "".join(self.lines)

    def events(self, evaluation: str) -> list[dict[str, Any]]:
        parsed = [json.loads(line) for line in self.lines if line.startswith("{")]
        return [event for event in parsed if event.get("evaluation") == evaluation]

    def end(self) -> int:
        """The exit status, once the process has ended by itself."""
        status = self.process.wait(SECONDS)
        self._reader.join()
        assert self.process.stderr is not None
        self.process.stderr.close()
        return status

    def kill(self) -> None:
        self.process.kill()
        self.end()


@pytest.fixture
def environment(
    platform: FakePlatform, redis_server: RedisServer, tmp_path: Path
) -> dict[str, str]:
    """What configures a score worker for the test's platform and Redis."""
    with redis_server.client() as admin:
        for user, rules in (
            ("score", broker.acl_rules(Role.SCORE, "cpu")),
            ("platform", broker.platform_acl_rules()),
        ):
            admin.execute_command("ACL", "SETUSER", user, "reset", "on", ">secret", *rules)
    return {
        "MINIGIANTS_WORKER_ROLE": "score",
        "MINIGIANTS_WORKER_KEY": KEY,
        "MINIGIANTS_WORKER_CACHE": str(tmp_path / "cache"),
        "MINIGIANTS_WORKER_SCRATCH": str(tmp_path / "scratch"),
        "MINIGIANTS_PLATFORM_URL": platform.url,
        "MINIGIANTS_BROKER_URL": redis_server.url("score", "secret"),
    }


@pytest.fixture
def start(environment: dict[str, str]) -> Iterator[Callable[..., WorkerProcess]]:
    """Start a worker with changes to its environment."""
    workers: list[WorkerProcess] = []

    def start(**changes: str) -> WorkerProcess:
        workers.append(WorkerProcess({**environment, **changes}))
        return workers[-1]

    yield start
    for worker in workers:
        worker.kill()


@pytest.fixture
def send(redis_server: RedisServer) -> Iterator[Callable[..., None]]:
    """Send a message as the platform does."""
    app = Celery("sender", broker=redis_server.url("platform", "secret"), set_as_current=False)
    app.conf.broker_transport_options = broker.transport_options()
    queue = broker.queue_name(Role.SCORE, "cpu")

    def send(*arguments: Any, task: str = broker.SCORE_TASK, **options: Any) -> None:
        app.send_task(task, args=arguments, queue=queue, retry=False, **options)

    yield send
    app.close()


def offer(platform: FakePlatform) -> str:
    evaluation = str(uuid4())
    platform.offer(
        evaluation,
        kind="score",
        task={"type": "classification", "settings": {"classes": 2, "input": {"shape": [4]}}},
        metrics=[{"name": "accuracy"}],
        labels=platform.blob("labels", LABELS),
        predictions=platform.blob("predictions", npy(np.eye(2, dtype=np.float32))),
    )
    return evaluation


def test_messages_become_scores_and_nonsense_becomes_nothing(
    platform: FakePlatform,
    redis_server: RedisServer,
    start: Callable[..., WorkerProcess],
    send: Callable[..., None],
) -> None:
    worker = start()
    worker.wait_for("ready.")
    platform.wait(lambda: bool(platform.said("/presence")), SECONDS)
    assert platform.said("/presence")[0].json["role"] == "score"

    send("no evaluation", 1)
    send(str(uuid4()), 1, task="os.system")
    send(str(uuid4()), 1)
    evaluation = offer(platform)
    send(evaluation, 1)
    platform.wait(lambda: bool(platform.reports()), SECONDS)
    [report] = platform.reports()
    assert {value["value"] for value in report["values"]} == {1.0}

    worker.wait_for('"reported"')
    own = [event for event in worker.events(evaluation) if event["logger"].startswith("evaluator")]
    assert [event["event"] for event in own] == ["claimed", "reported"]
    assert KEY not in "".join(worker.lines)
    assert "secret" not in "".join(worker.lines)
    with redis_server.client() as admin:
        assert {entry["object"] for entry in admin.acl_log()} <= {"client"}

    worker.process.send_signal(signal.SIGTERM)
    assert worker.end() == 0
    about_it = [json.loads(line) for line in worker.lines if evaluation in line]
    assert {line["logger"].partition(".")[0] for line in about_it} == {"celery", "evaluator"}
    for line in about_it:
        assert (line["evaluation"], line["attempt"]) == (evaluation, 1)


def test_a_pickled_message_is_dropped_unread(
    platform: FakePlatform,
    start: Callable[..., WorkerProcess],
    send: Callable[..., None],
    tmp_path: Path,
) -> None:
    worker = start()
    worker.wait_for("ready.")
    sign = tmp_path / "executed"
    send(Bomb(sign), 1, serializer="pickle")
    evaluation = offer(platform)
    send(evaluation, 1)
    platform.wait(lambda: bool(platform.reports()), SECONDS)

    assert [report["failure"] for report in platform.reports()] == [None]
    assert not sign.exists()
    # The control: a worker that takes what comes would execute it.
    pickle.loads(pickle.dumps(Bomb(sign)))
    assert sign.is_dir()


def test_a_worker_comes_back_to_a_redis_that_was_away(
    platform: FakePlatform,
    redis_server: RedisServer,
    environment: dict[str, str],
    start: Callable[..., WorkerProcess],
    send: Callable[..., None],
) -> None:
    worker = start()
    worker.wait_for("ready.")
    redis_server.stop()
    worker.wait_for("Connection to broker lost")
    redis_server.start()
    with redis_server.client() as admin:  # nothing was kept, so the users are made again
        rules = broker.acl_rules(Role.SCORE, "cpu")
        admin.execute_command("ACL", "SETUSER", "score", "reset", "on", ">secret", *rules)
        rules = broker.platform_acl_rules()
        admin.execute_command("ACL", "SETUSER", "platform", "reset", "on", ">secret", *rules)
    send(offer(platform), 1)
    platform.wait(lambda: bool(platform.reports()), SECONDS)


def test_sigterm_lets_a_job_end(
    platform: FakePlatform, start: Callable[..., WorkerProcess], send: Callable[..., None]
) -> None:
    worker = start()
    worker.wait_for("ready.")
    platform.fail("GET", "/labels/signed-secret", *[503] * 3)  # so that the job lasts a while
    send(offer(platform), 1)
    platform.wait(lambda: bool(platform.said("/labels/signed-secret")), SECONDS)
    worker.process.send_signal(signal.SIGTERM)
    assert worker.end() == 0
    [report] = platform.reports()
    assert report["failure"] is None


def test_many_signals_at_once_end_it_as_one_does(start: Callable[..., WorkerProcess]) -> None:
    worker = start()
    worker.wait_for("ready.")
    for _ in range(20_000):
        worker.process.send_signal(signal.SIGTERM)
    assert worker.end() == 0
    assert sum('"stopping"' in line for line in worker.lines) == 1


def test_sigterm_hands_a_job_back_that_does_not_end(
    platform: FakePlatform, start: Callable[..., WorkerProcess], send: Callable[..., None]
) -> None:
    worker = start(MINIGIANTS_WORKER_GRACE_SECONDS="0.5")
    worker.wait_for("ready.")
    platform.fail("GET", "/labels/signed-secret", *[503] * 1000)
    send(offer(platform), 1)
    platform.wait(lambda: bool(platform.said("/labels/signed-secret")), SECONDS)
    worker.process.send_signal(signal.SIGTERM)
    assert worker.end() == 0
    [report] = platform.reports()
    assert report["failure"] == "handed_back"
    assert "shut down" in report["failure_detail"]


def test_slots_bound_what_a_worker_takes(
    platform: FakePlatform,
    redis_server: RedisServer,
    start: Callable[..., WorkerProcess],
    send: Callable[..., None],
) -> None:
    worker = start(MINIGIANTS_WORKER_SLOTS="2")
    worker.wait_for("ready.")
    platform.fail("GET", "/labels/signed-secret", *[503] * 1000)
    for _ in range(5):
        send(offer(platform), 1)
    platform.wait(lambda: len(platform.said("/claim")) == 2, SECONDS)
    platform.wait(lambda: len(platform.said("/labels/signed-secret")) >= 4, SECONDS)
    assert len(platform.said("/claim")) == 2
    with redis_server.client() as admin:
        assert admin.llen("score") == 3


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"MINIGIANTS_WORKER_ROLE": "judge"}, "MINIGIANTS_WORKER_ROLE"),
        ({"MINIGIANTS_WORKER_KEY": ""}, "MINIGIANTS_WORKER_KEY"),
        ({"MINIGIANTS_WORKER_CACHE": "/dev/null/cache"}, "/dev/null/cache"),
        (
            {"MINIGIANTS_WORKER_ROLE": "predict", "MINIGIANTS_SANDBOX": "paper bag"},
            "no sandbox of kind 'paper bag'",
        ),
    ],
)
def test_a_worker_that_can_not_work_says_why_and_ends(
    start: Callable[..., WorkerProcess], changes: dict[str, str], says: str
) -> None:
    worker = start(**changes)
    assert worker.end() == 1
    assert says in "".join(worker.lines)
    assert "Traceback" not in "".join(worker.lines)
