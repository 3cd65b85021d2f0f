"""One sandbox for each slot of a worker, lent to one job at a time."""

import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from evaluator.contract import Machine, Strength
from evaluator.sandbox.base import Sandbox, SandboxError


class Sandboxes:
    """Opens `slots` sandboxes by `make(slot)`. Raises what `make` raises, leaving none open."""

    def __init__(self, make: Callable[[int], Sandbox], slots: int) -> None:
        self._all: list[Sandbox] = []
        try:
            for slot in range(slots):
                self._all.append(make(slot))
        except BaseException:
            self.close()
            raise
        self._free: queue.SimpleQueue[Sandbox] = queue.SimpleQueue()
        for sandbox in self._all:
            self._free.put(sandbox)

    @property
    def strength(self) -> Strength:
        """How participant code is held."""
        return self._all[0].strength

    @property
    def formats(self) -> frozenset[str]:
        """The formats of artifacts that can run here."""
        return self._all[0].formats

    @property
    def machine(self) -> Machine:
        """Where models run."""
        return self._all[0].machine

    @contextmanager
    def lend(self) -> Iterator[Sandbox]:
        """A sandbox for one job. Waits while all are lent."""
        sandbox = self._free.get()
        try:
            yield sandbox
        finally:
            self._free.put(sandbox)

    def prove(self, on_tick: Callable[[], None]) -> None:
        """See whether a job could begin. See `Sandbox.prove`."""
        with self.lend() as sandbox:
            sandbox.prove(on_tick=on_tick)

    def close(self) -> None:
        """Close all. None may be lent any more."""
        for sandbox in self._all:
            with suppress(SandboxError):  # the next start clears what an engine would not remove
                sandbox.close()
