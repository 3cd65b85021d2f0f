"""Guests that are kept ready by a thread of their own, beside the job that runs."""

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable

from evaluator.sandbox.base import SandboxFault
from evaluator.sandbox.guest_key import GuestKey
from evaluator.sandbox.ready_guest import ReadyGuest

CHECK_SECONDS = 5.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 30.0

Start = Callable[[GuestKey, Callable[[], None]], ReadyGuest]
"""Starts a guest of a key. The second argument is called about once a second; what it raises ends
the start."""

logger = logging.getLogger(__name__)


class _Closing(Exception):
    """The pool closes while a guest starts."""


class Pool:
    """Keeps up to `size` guests ready for the keys that were asked for last.

    With `size` 0 nothing is kept. A guest that died while it waited is replaced, never handed out.
    While guests can't be started, as when the engine is away, the pauses between two attempts grow
    to `LONGEST_PAUSE_SECONDS`. `reusable` guests come back after a job; there is one of each key.
    """

    def __init__(self, start: Start, *, size: int, reusable: bool, name: str) -> None:
        self._start = start
        self._size = size
        self._reusable = reusable
        self._recent: list[GuestKey] = []
        self._idle: list[ReadyGuest] = []
        self._lent: Counter[GuestKey] = Counter()
        self._retired: deque[ReadyGuest] = deque()
        self._pause = 0.0
        self._closing = False
        self._change = threading.Condition()
        self._keeper = threading.Thread(target=self._keep, name=name, daemon=True)
        self._started = False

    def prefer(self, key: GuestKey) -> None:
        """From now on keep guests of this key ready, before those of keys that were asked for."""
        with self._change:
            self._recall(key)
            self._tidy()

    def take(self, key: GuestKey) -> ReadyGuest | None:
        """A guest of this key that waits, None if there is none. The key is preferred from now on.

        Whoever took, or was refused, one that is reusable has to `give_back` or `forget` it.
        """
        with self._change:
            self._recall(key)
            if self._reusable:
                self._lent[key] += 1
            for ready in [ready for ready in self._idle if ready.key == key]:
                self._idle.remove(ready)
                if ready.is_waiting():
                    self._tidy()
                    return ready
                self._retired.append(ready)
            self._tidy()
        return None

    def waiting(self, key: GuestKey) -> int:
        """How many guests of a key wait, as far as is known."""
        with self._change:
            return sum(ready.key == key for ready in self._idle)

    def give_back(self, ready: ReadyGuest) -> None:
        """Keep a reusable guest that waits again, or one that was started outside of the pool."""
        with self._change:
            self._lent[ready.key] = max(0, self._lent[ready.key] - 1)
            self._idle.insert(0, ready)
            self._tidy()

    def forget(self, key: GuestKey) -> None:
        """A reusable guest of this key does not come back; another is started if one is wanted."""
        with self._change:
            self._lent[key] = max(0, self._lent[key] - 1)
            self._tidy()

    def retire(self, ready: ReadyGuest) -> None:
        """Destroy a guest soon, off the caller's path."""
        with self._change:
            self._retired.append(ready)
            self._tidy()

    def destroy(self, ready: ReadyGuest) -> None:
        """Destroy a guest now; where the engine fails at that, as soon as it answers again."""
        fault = _destroyed(ready)
        if fault is not None:
            logger.warning("A guest is still to be destroyed. %s", str(fault))
            self.retire(ready)

    def close(self) -> None:
        """Destroy all that waits. Raises `SandboxFault` if the engine did not remove everything."""
        with self._change:
            self._closing = True
            self._change.notify_all()
        if self._started:
            self._keeper.join()
        left = [*self._idle, *self._retired]
        self._idle.clear()
        self._retired.clear()
        faults = [fault for ready in left if (fault := _destroyed(ready)) is not None]
        if faults:
            raise faults[0]

    def _recall(self, key: GuestKey) -> None:
        """Put a key before all others that were asked for. Needs the lock."""
        self._recent = [key, *(known for known in self._recent if known != key)][: self._size]

    def _tidy(self) -> None:
        """Retire what is not wanted any more, and wake the keeper. Needs the lock."""
        wanted = self._wanted()
        for ready in list(self._idle):
            if wanted[ready.key] > 0:
                wanted[ready.key] -= 1
            else:
                self._idle.remove(ready)
                self._retired.append(ready)
        if not self._started and not self._closing and (self._retired or self._missing()):
            self._started = True
            self._keeper.start()
        self._change.notify_all()

    def _wanted(self) -> Counter[GuestKey]:
        """How many of each key shall wait: the keys that were asked for last share the size."""
        if self._reusable:
            return Counter({key: 1 for key in self._recent if not self._lent[key]})
        places = range(self._size if self._recent else 0)
        return Counter(self._recent[place % len(self._recent)] for place in places)

    def _missing(self) -> GuestKey | None:
        waiting = Counter(ready.key for ready in self._idle)
        lacking = self._wanted() - waiting
        return next((key for key in self._recent if lacking[key]), None)

    def _keep(self) -> None:
        """The keeper's life: destroy what is retired, start what is missing, look after the rest.

        Destroying comes first: it gives back memory that the next guest may need.
        """
        while True:
            with self._change:
                if not self._closing and not self._retired and self._missing() is None:
                    self._change.wait(CHECK_SECONDS)
                if self._closing:
                    return
                self._drop_dead()
                retired, self._retired = self._retired, deque()
                missing = self._missing()
            try:
                self._destroy(retired)
                if missing is not None:
                    self._add(missing)
                self._pause = 0.0
            except _Closing:
                return
            except SandboxFault as fault:
                self._rest(fault)
            except Exception as error:  # the pool outlives a mistake of ours, which the log tells
                logger.exception("Keeping guests ready went wrong")
                self._rest(error)

    def _drop_dead(self) -> None:
        for ready in list(self._idle):
            if not ready.is_waiting():
                self._idle.remove(ready)
                self._retired.append(ready)

    def _destroy(self, retired: deque[ReadyGuest]) -> None:
        """Destroy all; those that the engine did not remove are retired again."""
        faults = []
        for ready in retired:
            fault = _destroyed(ready)
            if fault is not None:
                faults.append(fault)
                with self._change:
                    self._retired.append(ready)
        if faults:
            raise faults[0]

    def _add(self, key: GuestKey) -> None:
        ready = self._start(key, self._raise_if_closing)
        with self._change:
            self._idle.append(ready)
            self._tidy()

    def _raise_if_closing(self) -> None:
        if self._closing:
            raise _Closing

    def _rest(self, hindrance: Exception) -> None:
        self._pause = min(LONGEST_PAUSE_SECONDS, 2 * self._pause or FIRST_PAUSE_SECONDS)
        logger.warning("No guest can be kept ready for %g s. %s", self._pause, str(hindrance))
        until = time.monotonic() + self._pause
        with self._change:
            while not self._closing and (left := until - time.monotonic()) > 0:
                self._change.wait(left)


def _destroyed(ready: ReadyGuest) -> SandboxFault | None:
    """Destroy a guest, and return what hindered it."""
    try:
        ready.destroy()
    except SandboxFault as fault:
        return fault
    return None
