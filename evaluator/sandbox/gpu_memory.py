"""How much of a GPU's memory a model takes, as far as the driver is seen to tell."""

import threading
from types import TracebackType
from typing import Self

from evaluator.sandbox.nvidia_smi import NotTold, ask, memory_bytes

LOOK_SECONDS = 0.2


class GpuMemoryWatch:
    """Looks at the devices of a slot again and again, within `with`.

    The driver tells what is in use, and of no peak: what comes and goes between two looks is
    missed. A slot's devices hold one model at a time, so all that is in use there is the model's.
    """

    def __init__(self, devices: str) -> None:
        """`devices` as `nvidia_smi.ask` takes them."""
        self._devices = devices
        self._most: int | None = None
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, name="gpu-memory", daemon=True)

    @property
    def peak_bytes(self) -> int | None:
        """The most that was seen in use at a time, of all devices together; None if never told."""
        return self._most

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        try:
            while True:
                used = sum(memory_bytes(told) for (told,) in ask(self._devices, "memory.used"))
                self._most = max(self._most or 0, used)
                if self._done.wait(LOOK_SECONDS):
                    return
        except NotTold:  # the worker's log has said so when it asked for the GPU's kind
            self._most = None
