"""Guests that do as a test says, and an engine that can go away."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from evaluator.sandbox.base import SandboxFault
from evaluator.sandbox.guest import UNKNOWN_USAGE, Chunk, Exit, Source, Usage
from evaluator.sandbox.guest_key import GuestKey
from evaluator.sandbox.ready_guest import ReadyGuest
from evaluator.sandbox.workspace import JobFolder


@dataclass
class Engine:
    """Starts guests, and knows them all."""

    folder: Path
    answers: bool = True
    guests: list["ScriptedGuest"] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, key: GuestKey, on_tick: Callable[[], None]) -> ReadyGuest:
        """As `GuestSupply.start`."""
        on_tick()
        with self.lock:
            if not self.answers:
                raise SandboxFault("The container engine is away.")
            guest = ScriptedGuest(self)
            self.guests.append(guest)
            folder = self.folder / str(len(self.guests))
        folder.mkdir()
        return ReadyGuest(key, guest, JobFolder(folder))

    def left(self) -> list["ScriptedGuest"]:
        """Those that have not been destroyed."""
        return [guest for guest in self.guests if not guest.destroyed]


class ScriptedGuest:
    """Says what `says` holds, in turn; then it is silent, or gone if it is not `alive`.

    It has used what `used` holds, in turn; then nobody knows.
    """

    def __init__(self, engine: Engine | None = None, *says: tuple[Source, bytes]) -> None:
        self.alive = True
        self.destroyed = False
        self.heard: list[bytes] = []
        self.says: deque[Chunk] = deque(says)
        self.used: deque[Usage] = deque()
        self._engine = engine

    def send(self, data: bytes) -> None:
        self.heard.append(data)

    def receive(self, timeout: float) -> Sequence[Chunk] | None:
        if self.says:
            return [self.says.popleft()]
        return [] if self.alive else None

    def usage(self) -> Usage:
        return self.used.popleft() if self.used else UNKNOWN_USAGE

    def destroy(self) -> Exit:
        if self._engine is not None and not self._engine.answers:
            raise SandboxFault("The container engine is away.")
        self.destroyed = True
        self.alive = False
        return Exit(code=None, out_of_memory=False)
