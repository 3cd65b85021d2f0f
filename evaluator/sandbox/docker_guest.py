"""One container, as a guest: its streams, its counters and its end."""

import contextlib
import logging
import socket
import time
from collections.abc import Iterator
from typing import Any, cast

import requests
from docker.api.client import APIClient
from docker.errors import DockerException, NotFound

from evaluator.sandbox.base import SandboxFault
from evaluator.sandbox.cgroup import container_usage
from evaluator.sandbox.container import ContainerSettings
from evaluator.sandbox.guest import UNKNOWN_USAGE, Chunk, Exit, GuestLeft, Source, Usage

READ_BYTES = 65_536
HEADER_BYTES = 8
STREAMS = {1: Source.RESULTS, 2: Source.LOG}
EXIT_SECONDS = 2.0
SEND_SECONDS = 10.0
LATE_EVENT_SECONDS = 0.3
NANOSECONDS = 1e9
KILLED_BY_SIGNAL = 128
UNKNOWN_EXIT = Exit(code=None, out_of_memory=False)

logger = logging.getLogger(__name__)


@contextlib.contextmanager
def engine_faults(doing: str) -> Iterator[None]:
    """Turn whatever the engine's client raises into a `SandboxFault`."""
    try:
        yield
    except (DockerException, requests.RequestException, OSError) as error:
        raise SandboxFault(f"The container engine failed while {doing}: {error}") from error


class Demultiplexer:
    """Takes apart the stream in which the engine interleaves a container's stdout and stderr."""

    def __init__(self) -> None:
        self._header = bytearray()
        self._source = Source.LOG
        self._left = 0

    def feed(self, data: bytes) -> list[Chunk]:
        """The pieces in `data`. Raises `SandboxFault` for a stream that no engine sends."""
        chunks = []
        view = memoryview(data)
        while view:
            if self._left:
                piece = view[: self._left]
                chunks.append((self._source, bytes(piece)))
                self._left -= len(piece)
            else:
                piece = view[: HEADER_BYTES - len(self._header)]
                self._header += piece
                if len(self._header) == HEADER_BYTES:
                    self._begin()
            view = view[len(piece) :]
        return chunks

    def _begin(self) -> None:
        source = STREAMS.get(self._header[0])
        if source is None:
            raise SandboxFault("The container engine sent a stream of an unknown kind.")
        self._source = source
        self._left = int.from_bytes(self._header[4:], "big")
        self._header.clear()


class DockerGuest:
    """A container whose streams are attached to a socket of ours."""

    def __init__(self, api: APIClient, settings: ContainerSettings) -> None:
        """Create the container, attach to it and start it.

        Raises `SandboxFault`; it is a `GuestLeft` if the container could not be removed then.
        """
        self._api = api
        self._streams = Demultiplexer()
        self._ended = False
        self._exit: Exit | None = None
        self._removed = False
        self._attached: Any = None
        with engine_faults("creating a container"):
            host = api.create_host_config(**settings.host)
            created = api.create_container(**settings.container, host_config=host)
            self._container: str = created["Id"]
        try:
            with engine_faults("attaching to a container"):
                self._attached = api.attach_socket(
                    self._container, params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
                )
            # The client hands out a file object over a Unix socket, the socket itself over TLS.
            self._socket: socket.socket = getattr(self._attached, "_sock", self._attached)
            with engine_faults("starting a container"):
                api.start(self._container)
        except SandboxFault as fault:
            self._discard(fault)
            raise

    def send(self, data: bytes) -> None:
        """Write a command to the container's standard input."""
        with (
            engine_faults("sending a command"),
            contextlib.suppress(BrokenPipeError, ConnectionResetError),
        ):
            self._socket.settimeout(SEND_SECONDS)
            self._socket.sendall(data)

    def receive(self, timeout: float) -> list[Chunk] | None:
        """What the container wrote, None once both streams are closed."""
        if self._ended:
            return None
        with engine_faults("listening to a container"):
            self._socket.settimeout(timeout)
            try:
                data = self._socket.recv(READ_BYTES)
            except TimeoutError:
                return []
            except ConnectionResetError:
                data = b""
        if not data:
            self._ended = True
            return None
        return self._streams.feed(data)

    def usage(self) -> Usage:
        """The container's own counters, from its control group, else as the engine tells them.

        Of a cgroup v2 out of reach there is no peak, and nothing at all of a container that has
        ended, whose counters have gone with it.
        """
        if self._ended or self._exit is not None:
            return UNKNOWN_USAGE
        try:
            with engine_faults("measuring a container"):
                state = self._api.inspect_container(self._container)["State"]
                usage = container_usage(int(state["Pid"]), self._container)
                if usage is not None:
                    return usage
                stats = self._api.stats(self._container, stream=False, one_shot=True)
        except SandboxFault as fault:
            logger.warning("What a container has used is not known. %s", str(fault))
            return UNKNOWN_USAGE
        nanoseconds = stats.get("cpu_stats", {}).get("cpu_usage", {}).get("total_usage")
        return Usage(
            peak_memory_bytes=stats.get("memory_stats", {}).get("max_usage"),
            cpu_seconds=nanoseconds / NANOSECONDS if nanoseconds else None,
        )

    def destroy(self) -> Exit:
        """Kill and remove the container, and tell how it had ended.

        After a `SandboxFault` it can be tried again, until the container is gone.
        """
        if self._removed:
            return self._exit or UNKNOWN_EXIT
        self._detach()
        try:
            if self._exit is None:
                self._exit = UNKNOWN_EXIT  # what is known if the engine fails
                with engine_faults("ending a container"):
                    self._exit = self._ending()
        finally:
            self._remove()
            self._removed = True
        return self._exit

    def _ending(self) -> Exit:
        """How it ended by itself. One that still runs is about to be killed: no exit status."""
        deadline = time.monotonic() + (EXIT_SECONDS if self._ended else 0.0)
        state = self._api.inspect_container(self._container)["State"]
        while state["Running"] and time.monotonic() < deadline:
            time.sleep(0.02)
            state = self._api.inspect_container(self._container)["State"]
        code = None if state["Running"] else int(state["ExitCode"])
        out_of_memory = bool(state["OOMKilled"])
        if code is not None and code > KILLED_BY_SIGNAL:
            code = KILLED_BY_SIGNAL - code
            if not out_of_memory:
                told = self._events()
                if "kill" in told or "die" not in told:
                    raise SandboxFault("The engine ended the container, as on its own stop.")
                out_of_memory = "oom" in told
        return Exit(code=code, out_of_memory=out_of_memory)

    def _events(self) -> set[str]:
        """Of `kill`, `oom` and `die` what the engine tells of the container's end.

        It may hear of a lack of memory after the end. A model that kills itself leaves `die` alone;
        an engine that was restarted has forgotten all of them.
        """
        events = cast(Any, self._api).events(
            since=1,
            until=f"{time.time() + LATE_EVENT_SECONDS:.6f}",
            filters={"container": self._container, "event": ["kill", "oom", "die"]},
            decode=True,
        )
        return {event["Action"] for event in events}

    def _detach(self) -> None:
        if self._attached is None:
            return
        with contextlib.suppress(OSError):
            self._attached.close()
        with contextlib.suppress(OSError):
            self._socket.close()

    def _discard(self, fault: SandboxFault) -> None:
        """Remove what could not be started, for `fault`. Raises `GuestLeft` if that fails too."""
        self._exit = UNKNOWN_EXIT
        try:
            self.destroy()
        except SandboxFault:
            raise GuestLeft(self) from fault

    def _remove(self) -> None:
        with engine_faults("removing a container"), contextlib.suppress(NotFound):
            self._api.remove_container(self._container, force=True, v=True)
