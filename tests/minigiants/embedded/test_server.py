"""The whole server, as a user starts it: it comes up, tells how it is, and leaves nothing."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from minigiants.embedded.credentials import load_or_create
from tests.support.embedded_server import (
    EmbeddedServer,
    descendants,
    environment_of,
    is_running,
)
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.server]


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    with EmbeddedServer() as server:
        server.start()
        yield server


def test_it_tells_its_address_and_the_demo_accounts(server: EmbeddedServer) -> None:
    said = server.said()
    assert f"Minigiants is at {server.address}" in said
    accounts = server.demo_accounts()
    assert {"operator", "participant"} <= {account["role"] for account in accounts}
    for account in accounts:
        assert account["email"] in said
        assert account["password"] in said


def test_files_beside_the_pages_come_compressed_and_are_kept(server: EmbeddedServer) -> None:
    page = httpx.get(f"{server.address}/competitions/").text
    (script,) = re.findall(r'src="(/static/web/js/site\.[0-9a-f]{12}\.js)"', page)
    answer = httpx.get(f"{server.address}{script}", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert "immutable" in answer.headers["Cache-Control"]


def test_status_is_healthy_and_names_the_sandbox(server: EmbeddedServer) -> None:
    done = server.run("status")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "healthy" in done.stdout
    status = server.status()
    assert status["healthy"] is True
    assert set(status["parts"]) >= {
        "postgres", "redis", "web", "dispatcher", "platform", "predict", "score"
    }  # fmt: skip
    strengths = {w["role"]: w["strength"] for w in status["platform"]["workers"]}
    assert strengths["predict"] in {"fallback", "docker", "gvisor"}


def test_no_secret_is_on_a_command_line_or_in_a_log(server: EmbeddedServer) -> None:
    assert server.process is not None
    secrets = [
        value.encode() for value in vars(load_or_create(server.home / "secrets.json")).values()
    ]
    for pid in descendants(server.process.pid):
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
        assert not any(secret in words for secret in secrets)
    for log in (server.home / "logs").iterdir():
        content = log.read_bytes()
        assert not any(secret in content for secret in secrets), log.name


def test_a_predict_worker_holds_no_secret_of_others(server: EmbeddedServer) -> None:
    secrets = vars(load_or_create(server.home / "secrets.json"))
    held = environment_of(server.worker("predict"))
    names = {name for name, value in secrets.items() if value in held}
    assert names == {"worker_key_predict", "redis_predict"}
    assert "postgresql://" not in held
    held = environment_of(server.worker("score"))
    names = {name for name, value in secrets.items() if value in held}
    assert names == {"worker_key_score", "redis_score"}
    assert "postgresql://" not in held


@pytest.mark.skipif(os.geteuid() != 0, reason="only root drops to another user")
def test_started_by_root_its_databases_are_not_root(server: EmbeddedServer) -> None:
    for marker in ("bin/postgres", "redis-server"):
        (pid,) = server.children(marker)
        assert Path(f"/proc/{pid}").stat().st_uid != 0


def test_a_second_server_on_the_same_home_is_refused(server: EmbeddedServer) -> None:
    done = server.run("up", "--port", "0")
    assert done.returncode == 2
    done = server.run("up", "--port", str(server.port + 1))
    assert done.returncode == 1
    assert "already running at " + server.address in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_worker_that_dies_is_started_again(server: EmbeddedServer) -> None:
    first = server.worker("predict")
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: "predict   ended (SIGKILL), starts again" in server.said(), "the notice")
    wait_for(
        lambda: [p for p in server.children("evaluator.worker") if p != first][1:], "the restart"
    )
    wait_for(lambda: server.status()["healthy"], "its health")


def test_killed_outright_it_leaves_no_process(server: EmbeddedServer) -> None:
    assert server.process is not None
    below = descendants(server.process.pid)
    assert len(below) > 7
    server.process.kill()
    server.process.wait()
    wait_for(lambda: not any(map(is_running, below)), "the end of its children")
    assert server.status() == {"running": False, "healthy": False, "home": str(server.home)}
    assert server.run("status").returncode == 1


def test_detached_it_stays_until_it_is_asked_to_stop(server: EmbeddedServer) -> None:
    detached = server.run("up", "--detach", *server.arguments)
    assert detached.returncode == 0, detached.stderr
    assert f"Minigiants is at {server.address}" in detached.stdout
    status = server.status()
    assert status["healthy"] is True
    below = {status["pid"], *descendants(status["pid"])}
    assert len(below) > 8
    stopped = server.run("down")
    assert stopped.returncode == 0, stopped.stderr
    wait_for(lambda: not any(map(is_running, below)), "the end of the server")
    assert not list((server.home / "servers").resolve().glob("s-*"))
    assert server.run("down").returncode == 0


def test_ctrl_c_while_it_starts_leaves_nothing(server: EmbeddedServer) -> None:
    offset = len(server.output.read_bytes())
    server.spawn()
    wait_for(lambda: "redis     ready" in server.said(offset), "the start of Redis")
    assert server.process is not None
    below = descendants(server.process.pid)
    assert below
    assert server.interrupt() == 0
    assert not {pid for pid in below if is_running(pid)}
    assert server.said(offset).rstrip().endswith("stopped")


def test_a_dead_database_is_told_in_one_line_and_stops_the_rest(server: EmbeddedServer) -> None:
    offset = len(server.output.read_bytes())
    server.start()
    assert server.process is not None
    below = descendants(server.process.pid)
    (postgres,) = server.children("bin/postgres")
    os.kill(postgres, signal.SIGKILL)
    assert server.process.wait(60) == 1
    last = server.said(offset).rstrip().splitlines()[-1]
    assert last.startswith("minigiants: postgres has died (SIGKILL)")
    assert str(server.home / "logs" / "postgres.log") in last
    assert not {pid for pid in below if is_running(pid)}
