"""What the host makes of a fork server's words, the last of which no child can have written."""

import signal
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.harness.commands import decode_command, encode_command
from evaluator.harness.protocol import (
    Begin,
    End,
    Ended,
    Frame,
    Kind,
    ProtocolError,
    encode,
    log_marker,
)
from evaluator.sandbox.base import SandboxFault
from evaluator.sandbox.forked_guest import ForkedGuest
from evaluator.sandbox.guest import UNKNOWN_USAGE, Chunk, Exit, Source, Usage
from tests.evaluator.sandbox.guests import ScriptedGuest

OTHER = b"another."
MEMORY_BYTES = 64 * 1024**2
MARK = b"the mark"
ENDED = Ended(code=0, peak_memory_bytes=4096, cpu_seconds=0.5, mark=MARK)


class Server(ScriptedGuest):
    """Begins as it is told to, and goes on with the script, in which RUN is the child's run."""

    def __init__(self, *script: tuple[Source, bytes], begins: bool = True) -> None:
        super().__init__()
        self._script = script
        self._begins = begins

    def send(self, data: bytes) -> None:
        super().send(data)
        command = decode_command(data)
        if isinstance(command, Begin):
            if self._begins:
                self.says.append((Source.RESULTS, encode(Frame(Kind.BEGUN, command.run))))
            self.says.extend(
                (source, data.replace(RUN, command.run)) for source, data in self._script
            )


RUN = b"this run"


def results(*frames: Frame) -> Chunk:
    return Source.RESULTS, b"".join(encode(frame) for frame in frames)


def ending(ended: Ended = ENDED) -> tuple[Chunk, Chunk]:
    return (Source.LOG, log_marker(ended.mark)), results(Frame(Kind.ENDED, RUN, ended.encode()))


def begun(server: Server) -> ForkedGuest:
    return ForkedGuest(server, memory_bytes=MEMORY_BYTES)


def heard(guest: ForkedGuest) -> list[Chunk]:
    chunks: list[Chunk] = []
    while (received := guest.receive(0.01)) is not None:
        chunks += received
    return chunks


def test_a_whole_life() -> None:
    loaded = Frame(Kind.LOADED, OTHER)
    server = Server(results(loaded), (Source.LOG, b"printed"), *ending())
    guest = begun(server)
    guest.send(encode_command(End()))

    assert heard(guest) == [
        results(loaded),
        (Source.LOG, b"printed"),
        (Source.LOG, log_marker(MARK)),
    ]
    assert guest.usage() == Usage(peak_memory_bytes=4096, cpu_seconds=0.5)
    assert guest.destroy() == Exit(code=0, out_of_memory=False)
    assert guest.survived
    assert not server.destroyed
    assert server.heard[1:] == [encode_command(End())]


def test_a_server_that_does_not_fork_is_our_fault() -> None:
    server = Server((Source.LOG, b"BlockingIOError: no more processes"), begins=False)
    server.alive = False

    with pytest.raises(SandboxFault, match="did not begin a submission: BlockingIOError"):
        begun(server)


@pytest.mark.parametrize(
    "first",
    [Frame(Kind.LOADED, OTHER), Frame(Kind.BEGUN, OTHER), Frame(Kind.ENDED, OTHER, ENDED.encode())],
    ids=lambda frame: frame.kind.name,
)
def test_a_first_word_of_another_kind_is_our_fault(first: Frame) -> None:
    with pytest.raises(SandboxFault, match="did not begin"):
        begun(Server(results(first), begins=False))


@pytest.mark.parametrize(
    "script",
    [
        (results(Frame(Kind.ENDED, OTHER, ENDED.encode())),),
        (results(Frame(Kind.ENDED, RUN, b"short")),),
        (*ending()[1:], results(Frame(Kind.LOADED, OTHER))),
    ],
    ids=["another's end", "no ending", "words after the end"],
)
def test_nonsense_ends_the_server(script: tuple[Chunk, ...]) -> None:
    server = Server(*script)
    guest = begun(server)

    with pytest.raises(ProtocolError):
        heard(guest)
    guest.destroy()
    assert server.destroyed
    assert not guest.survived


def test_an_end_whose_log_is_cut_ends_the_server() -> None:
    server = Server((Source.LOG, log_marker(OTHER)), ending()[1])
    server.alive = False
    guest = begun(server)
    heard(guest)
    guest.destroy()

    assert server.destroyed
    assert not guest.survived


def test_a_child_that_goes_on_ends_with_its_server() -> None:
    server = Server()
    guest = begun(server)
    assert guest.usage() == Usage(peak_memory_bytes=None, cpu_seconds=None)
    guest.destroy()

    assert server.destroyed
    assert not guest.survived


@pytest.mark.parametrize(
    ("peak", "for_the_host"),
    [(0, False), (MEMORY_BYTES, False), (2 * MEMORY_BYTES, False), (MEMORY_BYTES // 2, True)],
    ids=["unknown", "at its limit", "beyond it", "well within"],
)
def test_a_child_that_the_kernel_killed(peak: int, *, for_the_host: bool) -> None:
    """It had too little memory, or the machine had: then it is no fault of the model."""
    killed = Ended(code=-signal.SIGKILL, peak_memory_bytes=peak, cpu_seconds=0.1, mark=MARK)
    guest = begun(Server(*ending(killed)))
    heard(guest)

    assert guest.destroy() == Exit(
        code=-signal.SIGKILL, out_of_memory=not for_the_host, for_the_host=for_the_host
    )
    assert guest.usage().peak_memory_bytes == (peak or None)
    assert guest.survived


def test_a_server_that_breaks_off_hides_no_verdict() -> None:
    """What the child has used is not known then, and all else is as it was."""

    class Breaking(Server):
        def receive(self, timeout: float) -> Sequence[Chunk] | None:
            if not self.says:
                raise SandboxFault("The container engine failed.")
            return super().receive(timeout)

    server = Breaking()
    guest = begun(server)
    guest.send(encode_command(End()))

    assert guest.usage() == UNKNOWN_USAGE
    guest.destroy()
    assert server.destroyed
    assert not guest.survived


@given(cuts=st.lists(st.integers(1, 40), max_size=20), printed=st.binary(max_size=60))
def test_any_cutting_of_the_streams(cuts: list[int], printed: bytes) -> None:
    """The log comes before the end, in whatever pieces."""
    frames = results(Frame(Kind.LOADED, OTHER), Frame(Kind.ENDED, RUN, ENDED.encode()))[1]
    script: list[Chunk] = []
    for source, stream in ((Source.LOG, printed + log_marker(MARK)), (Source.RESULTS, frames)):
        rest = stream
        # The name of the run is replaced in whole pieces only.
        for cut in cuts if source is Source.LOG else ():
            script.append((source, rest[:cut]))
            rest = rest[cut:]
        script.append((source, rest))
    guest = begun(Server(*script))
    told = heard(guest)

    log = b"".join(data for source, data in told if source is Source.LOG)
    assert log == printed + log_marker(MARK)
    guest.destroy()
    assert guest.survived
