"""The host's end of the socket over which a model is examined in lockstep.

Nobody but the one container that mounts the job's folder can reach the socket, and in it only the
first who connects. What comes over it is counted: an answer has the size that was asked for.
"""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluator.harness.lockstep import BYTE_VALUES, HEAD, LOG_PROBABILITY, Word
from evaluator.harness.protocol import ProtocolError
from evaluator.sandbox.examination import Dialogue

SOCKET = "lockstep.sock"
READABLE_AND_WRITABLE_BY_ALL = 0o666
ADDRESS_BYTES = 100
"""The longest path that every kernel takes as a socket's address; longer ones are cut short."""

PATIENCE_SECONDS = 0.05
"""How long to wait for the model before looking at what it printed."""

ATTENTION_SECONDS = 1.0
LAST_WORDS_SECONDS = 5.0
"""How long a model that has closed the socket may take to say why."""

ROW_BYTES = BYTE_VALUES * LOG_PROBABILITY.itemsize


@contextmanager
def listening(folder: Path) -> Iterator[socket.socket]:
    """A socket `SOCKET` in a folder, at which one guest may call. It is removed at the end."""
    path = folder / SOCKET
    with socket.socket(socket.AF_UNIX) as door:
        _bind(door, path)
        try:
            path.chmod(READABLE_AND_WRITABLE_BY_ALL)
            door.listen(1)
            yield door
        finally:
            path.unlink(missing_ok=True)


def _bind(door: socket.socket, path: Path) -> None:
    if len(os.fsencode(path)) <= ADDRESS_BYTES:
        door.bind(str(path))
        return
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        door.bind(f"/proc/self/fd/{descriptor}/{path.name}")
    finally:
        os.close(descriptor)


class LockstepChannel:
    """Asks for log-probabilities, and looks after the guest while it waits for them.

    All methods that wait raise what `Dialogue.answer` raises, and `ProtocolError` for a guest that
    closes the socket or sends more than was asked.
    """

    def __init__(self, dialogue: Dialogue, run: bytes, deadline: float) -> None:
        self._dialogue = dialogue
        self._run = run
        self._deadline = deadline
        self._next_attention = time.monotonic() + ATTENTION_SECONDS
        self._connection: socket.socket | None = None
        self._buffer = bytearray(1)

    def accept(self, door: socket.socket) -> None:
        """Wait for the guest to call, and let nobody in after it."""
        door.settimeout(PATIENCE_SECONDS)
        while self._connection is None:
            try:
                self._connection, _ = door.accept()
            except TimeoutError:
                self._attend()
        door.close()
        self._connection.settimeout(PATIENCE_SECONDS)

    def start(self, documents: int) -> NDArray[np.float32]:
        """Begin new documents. What their first bytes may be, [documents, 256], not yet checked.

        The array is good until the next call.
        """
        self._buffer = bytearray(documents * ROW_BYTES + 1)
        self._send(HEAD.pack(Word.START, documents))
        return self._receive(documents)

    def step(self, previous: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Reveal the next byte of the first n documents; what may follow, as in `start`."""
        self._send(HEAD.pack(Word.STEP, len(previous)) + previous.tobytes())
        return self._receive(len(previous))

    def end(self) -> None:
        """Say that there are no more documents, and see that nothing more was told."""
        self._send(HEAD.pack(Word.END, 0))
        patience = min(self._deadline, time.monotonic() + ATTENTION_SECONDS)
        while time.monotonic() < patience:
            try:
                if self._connected.recv(1):
                    raise ProtocolError("more log-probabilities than were asked for")
            except TimeoutError:
                continue
            except OSError:
                pass  # reset: what has been told was asked for, all the same
            return

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()

    def _send(self, message: bytes) -> None:
        try:
            self._connected.sendall(message)
        except OSError:
            self._hear_last_words()

    def _receive(self, documents: int) -> NDArray[np.float32]:
        expected = documents * ROW_BYTES
        # Room for one byte more than is due: whoever sends it talks out of turn.
        view = memoryview(self._buffer)[: expected + 1]
        received = 0
        while received < expected:
            try:
                count = self._connected.recv_into(view[received:])
            except TimeoutError:
                self._attend()
                continue
            except OSError:
                count = 0
            if count == 0:
                self._hear_last_words()
            received += count
        if received > expected:
            raise ProtocolError("more log-probabilities than were asked for")
        if time.monotonic() >= self._next_attention:
            self._attend()
        return np.frombuffer(view[:expected], dtype=LOG_PROBABILITY).reshape(documents, BYTE_VALUES)

    @property
    def _connected(self) -> socket.socket:
        if self._connection is None:
            raise RuntimeError("nobody has called yet")
        return self._connection

    def _attend(self) -> None:
        """See to the guest's log and the clock. A complaint ends the examination."""
        self._next_attention = time.monotonic() + ATTENTION_SECONDS
        if time.monotonic() >= self._deadline:
            self._dialogue.answer(self._run, self._deadline)  # which tells that it is too late
        if self._dialogue.glance(self._run) is not None:
            raise ProtocolError("a frame in the middle of an examination")

    def _hear_last_words(self) -> None:
        """The guest has closed the socket: its complaint, or its end, is on the way."""
        patience = min(self._deadline, time.monotonic() + LAST_WORDS_SECONDS)
        while time.monotonic() < patience:
            self._attend()
        raise ProtocolError("the socket was closed")
