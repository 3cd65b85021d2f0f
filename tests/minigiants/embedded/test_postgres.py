"""The private PostgreSQL: who gets in, as whom it runs, what it survives."""

import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from minigiants.embedded.errors import EmbeddedError
from minigiants.embedded.postgres import (
    DATABASE,
    SOCKET_NAME,
    SOCKET_PATH_LIMIT,
    SUPERUSER,
    Passwords,
    Postgres,
    connection_url,
)
from minigiants.embedded.service_user import service_user

PASSWORDS = Passwords(superuser="of-the-superuser", app="of-the-application")
STRANGER = 61_234
"""A user id that is nobody's."""

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


def make(folder: Path, *, throwaway: bool = False) -> Postgres:
    log = folder / "logs" / "postgres.log"
    return Postgres(folder, PASSWORDS, log=log, user=service_user(), throwaway=throwaway)


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    folder = Path(tempfile.mkdtemp(prefix="minigiants-test-"))
    folder.chmod(0o711)
    server = make(folder)
    server.start()
    try:
        server.wait_ready()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


def ask(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()
        assert row is not None
        return row[0]


def test_the_application_owns_its_database_and_may_nothing_else(postgres: Postgres) -> None:
    url = postgres.url()
    assert ask(url, "SELECT current_user") == "minigiants"
    owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
    assert ask(url, owner) == "minigiants"
    rights = (
        "SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls "
        "FROM pg_roles WHERE rolname = current_user"
    )
    assert ask(url, rights) is False


@pytest.mark.parametrize("role", ["minigiants", SUPERUSER])
@pytest.mark.parametrize("password", ["", "wrong", "of-the-application "])
def test_a_wrong_password_is_refused(postgres: Postgres, role: str, password: str) -> None:
    url = connection_url(role, password, DATABASE, str(postgres.sockets))
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(url)


def test_passwords_are_kept_as_scram(postgres: Postgres) -> None:
    url = postgres.url(role=SUPERUSER, database="postgres")
    weak = "SELECT count(*) FROM pg_authid WHERE rolcanlogin AND rolpassword NOT LIKE 'SCRAM-%'"
    assert ask(url, weak) == 0


def test_it_listens_on_no_network(postgres: Postgres) -> None:
    assert ask(postgres.url(), "SHOW listen_addresses") == ""


def test_its_socket_is_closed_to_others(postgres: Postgres) -> None:
    assert stat.S_IMODE(postgres.sockets.stat().st_mode) == 0o700


@root_only
def test_another_user_cannot_reach_its_socket(postgres: Postgres) -> None:
    program = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
    path = postgres.sockets / SOCKET_NAME
    with socket.socket(socket.AF_UNIX) as ours:
        ours.connect(str(path))  # it is there
    theirs = subprocess.run(
        [shutil.which("python3", path="/usr/bin:/bin") or sys.executable, "-c", program, path],
        user=STRANGER,
        group=STRANGER,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        text=True,
    )
    assert "PermissionError" in theirs.stderr


@root_only
def test_root_does_not_run_it(postgres: Postgres) -> None:
    assert postgres.child is not None
    user = service_user()
    assert user is not None
    assert Path(f"/proc/{postgres.child.pid}").stat().st_uid == user.uid != 0


def test_data_outlive_a_restart_even_with_a_stale_pid_file(folder: Path) -> None:
    first = make(folder)
    first.start()
    first.wait_ready()
    with psycopg.connect(first.url()) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    assert first.child is not None
    first.child.log.close()
    os.kill(first.child.pid, 9)  # the pid file stays behind, as after a power cut
    first.stop()
    assert (first.data / "postmaster.pid").exists()
    second = make(folder)
    second.start()
    try:
        second.wait_ready()
        assert ask(second.url(), "SELECT answer FROM kept") == 42
    finally:
        assert second.stop()


def test_it_waits_for_a_predecessor_that_is_about_to_end(folder: Path) -> None:
    first, second = make(folder, throwaway=True), make(folder, throwaway=True)
    first.start()
    first.wait_ready()
    second.start()
    assert second.child is not None
    assert second.child.wait(20) == 1, "two servers on the same data"
    first.stop()
    try:
        second.wait_ready()
        assert ask(second.url(), "SELECT 1") == 1
    finally:
        second.stop()


def test_a_long_home_gets_a_short_socket_folder(folder: Path) -> None:
    deep = folder / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    for path in (deep.parent, deep):
        path.chmod(0o711)
    server = make(deep, throwaway=True)
    server.start()
    try:
        server.wait_ready()
        path = server.sockets / SOCKET_NAME
        assert len(os.fsencode(deep / SOCKET_NAME)) > SOCKET_PATH_LIMIT >= len(os.fsencode(path))
        assert ask(server.url(), "SELECT 1") == 1
    finally:
        server.stop()
    assert not server.sockets.exists()


def test_data_of_another_major_version_are_left_alone(folder: Path) -> None:
    server = make(folder)
    server.data.mkdir()
    (server.data / "PG_VERSION").write_text("16\n")
    with pytest.raises(EmbeddedError, match="made by PostgreSQL 16, this is 18"):
        server.start()


def test_a_server_that_cannot_start_says_where_to_look(folder: Path) -> None:
    server = make(folder, throwaway=True)
    server.start()
    server.wait_ready()
    server.stop()
    (server.data / "postgresql.conf").write_text("shared_buffers = 'nonsense'\n")
    broken = make(folder)
    broken.start()
    with pytest.raises(EmbeddedError, match="did not start") as caught:
        broken.wait_ready()
    broken.stop()
    assert "shared_buffers" in caught.value.detail
    assert str(broken.log) in caught.value.remedy
