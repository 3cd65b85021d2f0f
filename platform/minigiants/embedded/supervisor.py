"""Starts the parts of an embedded server in order, watches over them, stops them in order."""

import os
import signal
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from types import FrameType

from evaluator.broker import acl_rules, platform_acl_rules
from evaluator.contract import Role
from minigiants.embedded import container_engine, demo, orphans, parts, platform_status, preflight
from minigiants.embedded.child import Child
from minigiants.embedded.console import announce, say
from minigiants.embedded.credentials import Credentials, load_or_create
from minigiants.embedded.environments import (
    PROFILE,
    Addresses,
    collecting_environment,
    platform_environment,
    worker_keys,
)
from minigiants.embedded.errors import EmbeddedError
from minigiants.embedded.home import Home, Phase, ServerState
from minigiants.embedded.postgres import Passwords, Postgres
from minigiants.embedded.redis import RedisServer, RedisUser
from minigiants.embedded.service import Service, ServiceSpec, describe_exit
from minigiants.embedded.service_user import reachable_folder, service_user

LOOK_SECONDS = 0.2
DISK_LOOK_SECONDS = 30.0
PREPARE_SECONDS = 600.0
COLLECT_SECONDS = 60.0
WEB_SECONDS = 60.0
WORKER_SECONDS = 45.0
WORKER_WORD_SECONDS = 20.0


class Interrupted(Exception):
    """Somebody asked the server to stop while it was still starting."""


class Supervisor:
    """One run of the server. `run` returns when it has stopped in good order."""

    def __init__(self, home: Home, port: int, competitions: Sequence[str] = ()) -> None:
        """It seeds `competitions` alone, all packs without them."""
        self._home = home
        self._competitions = competitions
        self._port = port
        self._address = f"http://{preflight.HOST}:{port}"
        self._stop_requests = 0
        self._phase: Phase = "starting"
        self._postgres: Postgres | None = None
        self._redis: RedisServer | None = None
        self._services: dict[str, Service] = {}
        self._preparations: list[Child] = []
        self._told: ServerState | None = None
        self._servers_ready = False
        self._warned_of_disk = False

    def run(self) -> None:
        """Start everything, stay until asked to stop, stop everything.

        Raises `EmbeddedError` when a part can't start, or one dies that the rest can't do
        without; by then everything else has been stopped.
        """
        self._home.open()
        handlers = {number: signal.signal(number, self._ask) for number in _STOP_SIGNALS}
        orphans.adopt()
        try:
            preflight.check(self._home.folder, self._port)
            self._start()
            self._stay()
        except Interrupted:
            pass
        except EmbeddedError:
            if not self._stop_requests:  # else it is what stopping a half-started part looks like
                raise
        finally:
            self._stop()
            for number, handler in handlers.items():
                signal.signal(number, handler)
            self._home.close()

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self._stop_requests += 1

    def _start(self) -> None:
        started = time.monotonic()
        say("server", f"starting, with its data in {self._home.folder}")
        credentials = load_or_create(self._home.secrets)
        collecting = self._begin(
            "static",
            parts.manage("collectstatic", "--no-input", "--clear", "--verbosity", "0"),
            collecting_environment(self._home),
        )
        addresses = self._start_servers(credentials)
        self._await(collecting, "Collecting the files beside the pages", COLLECT_SECONDS)
        environment = platform_environment(self._home, credentials, addresses)
        # The web application asks the database nothing before its first request, so it may load
        # beside the migrations. Nobody is told its address before they are done.
        self._serve(parts.web(self._home, environment, self._port))
        self._prepare(credentials, environment)
        for role in (Role.PREDICT, Role.SCORE):
            self._serve(parts.worker(role, self._home, credentials, addresses))
        self._serve(parts.dispatcher(self._home, environment))
        self._serve(parts.housekeeping(self._home, environment))
        self._wait_for_web()
        strength = self._wait_for_workers(environment)
        self._phase = "ready"
        self._tell()
        say("server", f"ready after {time.monotonic() - started:.0f} s")
        if strength in ("", "fallback"):
            say("predict", container_engine.advice())
        announce(f"Minigiants is at {self._address}\n{demo.accounts(self._home)}")

    def _start_servers(self, credentials: Credentials) -> Addresses:
        user = service_user()
        folder = reachable_folder(self._home.servers, user)
        if folder != self._home.servers.absolute() and user is not None:
            say("server", f"{user.name} can't enter the home, so the databases are in {folder}")
        passwords = Passwords(credentials.postgres_superuser, credentials.postgres_app)
        log = self._home.log
        self._postgres = Postgres(folder, passwords, log=log("postgres"), user=user)
        users = [
            RedisUser("platform", credentials.redis_platform, platform_acl_rules()),
            RedisUser("predict", credentials.redis_predict, acl_rules(Role.PREDICT, PROFILE)),
            RedisUser("score", credentials.redis_score, acl_rules(Role.SCORE, PROFILE)),
        ]
        self._redis = RedisServer(folder, users, log=log("redis"), user=user)
        self._redis.start()
        self._postgres.start()
        self._postgres.wait_ready()
        say("postgres", "ready")
        self._redis.wait_ready()
        say("redis", "ready")
        self._servers_ready = True
        self._tell()
        return Addresses(
            web=self._address,
            database=self._postgres.url(),
            broker_platform=self._redis.url("platform"),
            broker_predict=self._redis.url("predict"),
            broker_score=self._redis.url("score"),
        )

    def _prepare(self, credentials: Credentials, environment: Mapping[str, str]) -> None:
        """Migrate, register the workers' keys, seed. Raises with the end of what it wrote."""
        arguments = ["--seed", str(self._home.demo_accounts)]
        if self._competitions:
            arguments += ["--competitions", *self._competitions]
        command = parts.manage("prepare", *arguments)
        environment = {**environment, "MINIGIANTS_WORKER_KEYS": worker_keys(credentials)}
        preparing = self._begin("prepare", command, environment)
        self._await(preparing, "Preparing the database", PREPARE_SECONDS)
        say("database", "up to date")

    def _begin(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> Child:
        """Start a child that does one thing and ends."""
        log = self._home.log(name)
        child = Child(name, command, environment=environment, log=log, cwd=self._home.folder)
        self._preparations.append(child)
        return child

    def _await(self, child: Child, what: str, seconds: float) -> None:
        """Wait until `child` has done `what`. Raises with the end of what it wrote."""
        limit = time.monotonic() + seconds
        while (code := child.wait(LOOK_SECONDS / 4)) is None:
            self._look()
            if time.monotonic() > limit:
                raise EmbeddedError(
                    f"{what} did not end within {seconds:.0f} s.",
                    f"Its log says how far it came: {child.log.path}",
                )
        child.stop(0)
        if code != 0:
            raise EmbeddedError(
                f"{what} failed ({describe_exit(code)}).",
                f"The lines above are the end of its log: {child.log.path}",
                detail=child.log.tail(),
            )

    def _serve(self, spec: ServiceSpec) -> None:
        service = Service(spec)
        service.start()
        self._services[spec.name] = service

    def _wait_for_web(self) -> None:
        web = self._services["web"]
        limit = time.monotonic() + WEB_SECONDS
        while not self._web_answers():
            if not web.runs or time.monotonic() > limit:
                raise EmbeddedError(
                    "The web application did not start.",
                    f"The lines above are the end of its log: {web.spec.log}",
                    detail=web.last_words,
                )
            self._look()
            time.sleep(LOOK_SECONDS)
        say("web", "ready")

    def _web_answers(self) -> bool:
        connection = HTTPConnection(preflight.HOST, self._port, timeout=10)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def _wait_for_workers(self, environment: Mapping[str, str]) -> str:
        """Wait until the platform has heard of both; without one of them the site still serves.

        Returns the strength of the predict worker's sandbox, or an empty text without one.
        """
        since = datetime.now(UTC)
        limit = time.monotonic() + WORKER_SECONDS
        roles = (Role.PREDICT.value, Role.SCORE.value)
        # To ask costs a start of Django. Celery's word tells when to begin; it decides nothing.
        words_limit = time.monotonic() + WORKER_WORD_SECONDS
        while time.monotonic() < words_limit and not all(
            "ready." in self._services[role].last_words for role in roles
        ):
            self._look()
            time.sleep(LOOK_SECONDS)
        while True:
            status = platform_status.ask(environment, self._home.folder)
            present = platform_status.workers_present(status, since)
            missing = set(roles) - present.keys()
            if not missing or time.monotonic() > limit:
                break
            self._look()
            time.sleep(LOOK_SECONDS)
        for name in sorted(missing):
            log = self._services[name].spec.log
            say(name, f"has not reported yet; evaluations wait for it. Its log: {log}")
        return present.get(Role.PREDICT.value, "")

    def _stay(self) -> None:
        next_disk_look = time.monotonic()
        while True:
            self._look()
            if time.monotonic() >= next_disk_look:
                self._look_at_disk()
                next_disk_look = time.monotonic() + DISK_LOOK_SECONDS
            time.sleep(LOOK_SECONDS)

    def _look(self) -> None:
        """Notice a request to stop, and whatever has died."""
        if self._stop_requests:
            raise Interrupted
        servers = (self._postgres, self._redis)
        for child in [server.child for server in servers if server and server.child]:
            code = child.exit_code()
            if code is not None:
                raise EmbeddedError(
                    f"{child.name} has died ({describe_exit(code)}); nothing works without it.",
                    f"The lines above are the end of its log: {child.log.path}",
                    detail=child.log.tail(),
                )
        for service in self._services.values():
            service.look()
        self._tell()

    def _look_at_disk(self) -> None:
        free = preflight.free_bytes(self._home.folder)
        if free < preflight.LOW_BYTES and not self._warned_of_disk:
            say("server", f"only {free // 1024**2} MiB are free on the disk of the home folder")
        self._warned_of_disk = free < preflight.LOW_BYTES

    def _tell(self) -> None:
        """Write the state file, if anything has changed."""
        if not self._servers_ready or self._postgres is None or self._redis is None:
            return
        conditions = {"postgres": "running", "redis": "running"}
        conditions |= {name: service.condition for name, service in self._services.items()}
        state = ServerState(
            pid=os.getpid(),
            address=self._address,
            phase=self._phase,
            redis_port=self._redis.port,
            sockets=str(self._postgres.sockets),
            parts=conditions,
        )
        if state != self._told:
            self._home.write_state(state)
            self._told = state

    def _stop(self) -> None:
        """Workers first, which hand back what they hold; the databases last.

        Another request to stop, while this goes on, takes the patience out of it.
        """
        requests = max(self._stop_requests, 1)
        if self._postgres is not None:
            self._phase = "stopping"
            say("server", "stopping")
            self._tell()
        for child in self._preparations:
            child.stop(2)
        web = self._services.pop("web", None)
        for service in self._services.values():
            service.ask_to_stop()
        for service in [*self._services.values(), *([web] if web else [])]:
            service.stop(lambda: self._stop_requests > requests)
        for server in (self._redis, self._postgres):
            if server is not None:
                server.stop()
        left = orphans.end_all()
        if left:
            say("server", f"ended {left} process(es) that others had left behind")
        if self._postgres is not None:
            say("server", "stopped")


_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
