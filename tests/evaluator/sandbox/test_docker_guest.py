"""The stream of an attached container, taken apart, and what comes of an engine that fails."""

import struct
from typing import Any, cast

import pytest
from docker.api.client import APIClient
from docker.errors import APIError, NotFound
from hypothesis import given
from hypothesis import strategies as st

from evaluator.sandbox.base import SandboxFault
from evaluator.sandbox.container import ContainerSettings
from evaluator.sandbox.docker_guest import Demultiplexer, DockerGuest
from evaluator.sandbox.guest import UNKNOWN_USAGE, GuestLeft, Source

PIECES = st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=30)))


@given(pieces=PIECES, data=st.data())
def test_streams_survive_any_cutting(pieces: list[tuple[int, bytes]], data: st.DataObject) -> None:
    stream = b"".join(struct.pack(">BxxxI", kind, len(body)) + body for kind, body in pieces)
    demultiplexer = Demultiplexer()
    got = {Source.RESULTS: b"", Source.LOG: b""}
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        for source, body in demultiplexer.feed(stream[:size]):
            got[source] += body
        stream = stream[size:]

    assert got[Source.RESULTS] == b"".join(body for kind, body in pieces if kind == 1)
    assert got[Source.LOG] == b"".join(body for kind, body in pieces if kind == 2)


def test_an_unknown_stream_is_a_fault() -> None:
    with pytest.raises(SandboxFault, match="unknown kind"):
        Demultiplexer().feed(struct.pack(">BxxxI", 3, 1))


class Engine:
    """An engine's client of which the calls in `failing` fail, and a container's streams."""

    def __init__(self, *failing: str) -> None:
        self.failing = set(failing)
        self.containers = {"c"}
        self.closed: list[str] = []

    def __getattr__(self, call: str) -> Any:
        def answer(*_arguments: Any, **_options: Any) -> Any:
            if call in self.failing:
                raise APIError(f"{call} failed")
            return {"State": {"Pid": 0, "Running": True, "OOMKilled": False}}

        return answer

    def create_container(self, **_settings: Any) -> dict[str, str]:
        return {"Id": "c"}

    def attach_socket(self, *_arguments: Any, **_options: Any) -> "Stream":
        if "attach_socket" in self.failing:
            raise APIError("attach_socket failed")
        return Stream("file", self)

    def remove_container(self, container: str, **_options: Any) -> None:
        if "remove_container" in self.failing:
            raise APIError("remove_container failed")
        if container not in self.containers:
            raise NotFound("gone")
        self.containers.remove(container)

    def guest(self) -> DockerGuest:
        return DockerGuest(cast(APIClient, cast(Any, self)), ContainerSettings({}, {}))


class Stream:
    """What an engine's client gives for a container's streams; closing its file fails."""

    def __init__(self, name: str, engine: Engine) -> None:
        self._name = name
        self._engine = engine
        if name == "file":
            self._sock = Stream("socket", engine)

    def close(self) -> None:
        self._engine.closed.append(self._name)
        if self._name == "file":
            raise OSError("reset")


@pytest.mark.parametrize("call", ["attach_socket", "start"])
def test_a_container_that_does_not_start_is_removed(call: str) -> None:
    engine = Engine(call)
    with pytest.raises(SandboxFault, match=f"{call} failed"):
        engine.guest()

    assert engine.containers == set()
    assert engine.closed == ([] if call == "attach_socket" else ["file", "socket"])


@pytest.mark.parametrize("call", ["attach_socket", "start"])
def test_one_that_can_not_be_removed_either_is_handed_over(call: str) -> None:
    engine = Engine(call, "remove_container")
    with pytest.raises(GuestLeft) as left:
        engine.guest()
    with pytest.raises(SandboxFault, match="removing"):
        left.value.guest.destroy()
    engine.failing.clear()
    left.value.guest.destroy()

    assert engine.containers == set()


def test_usage_that_the_engine_does_not_tell_is_unknown(caplog: pytest.LogCaptureFixture) -> None:
    guest = Engine("inspect_container").guest()

    assert guest.usage() == UNKNOWN_USAGE
    assert "not known. The container engine failed while measuring" in caplog.text


def test_both_ends_of_the_streams_are_closed() -> None:
    """Whatever the first says."""
    engine = Engine()
    engine.guest().destroy()

    assert engine.closed == ["file", "socket"]
