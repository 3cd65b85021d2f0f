"""Waiting for a submission to change: by long poll and by server-sent events.

Nothing waits in a thread, and nothing holds a database connection while it waits.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final

from minigiants.api.places import Place
from minigiants.api.schemas.submissions import SubmissionOut
from minigiants.core.problems import Problem
from minigiants.core.threads import in_thread
from minigiants.submissions.live import wait_for_change

MAX_WAIT_SECONDS: Final = 60
RECHECK_SECONDS: Final = 5.0
"""Changes that nobody announces (the position in the queue) are noticed after this long."""

STREAM_SECONDS: Final = 15 * 60
"""Then a stream ends, and the client connects again with Last-Event-ID."""

KEEP_ALIVE_SECONDS: Final = 15.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A submission as it stood, rendered. `last_change` is the id of its last state change."""

    view: SubmissionOut
    last_change: int

    @property
    def body(self) -> str:
        """The JSON document."""
        return self.view.model_dump_json()

    @property
    def etag(self) -> str:
        """A strong validator of `body`."""
        return f'"{hashlib.sha256(self.body.encode()).hexdigest()[:32]}"'

    def is_known_as(self, known: str) -> bool:
        """Whether `known` (an ETag, quoted or not, or an `updated_at`) names this state."""
        updated_at = self.view.model_dump(mode="json", include={"updated_at"})["updated_at"]
        return known.strip('"') in {self.etag.strip('"'), updated_at}


Read = Callable[[], Snapshot]


async def wait_until_changed(read: Read, *, known: str, seconds: float, place: Place) -> Snapshot:
    """The first state that is not `known` or is final; after `seconds`, whatever state it is in.

    An empty `known` means the state at the time of asking. Who waits needs a place: raises
    TooManyWaiting.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    snapshot = await in_thread(read)
    known = known or snapshot.etag
    waited = False
    try:
        while not snapshot.view.is_final and snapshot.is_known_as(known):
            left = deadline - loop.time()
            if left <= 0:
                break
            await in_thread(place.take)
            waited = True
            await wait_for_change(
                snapshot.view.id, after=snapshot.last_change, seconds=min(left, RECHECK_SECONDS)
            )
            snapshot = await in_thread(read)
    finally:
        if waited:
            await in_thread(place.leave)
    return snapshot


def _event(snapshot: Snapshot) -> str:
    return f"event: state\nid: {snapshot.last_change}\ndata: {snapshot.body}\n\n"


async def event_stream(read: Read, *, seen: int, place: Place) -> AsyncIterator[str]:
    """The events of a submission from its state change `seen` on, as text/event-stream.

    Each event holds the whole present state, so steps that came in between are told by `changes`.
    `read` checks the caller's permission each time: whoever loses it loses the stream. `place`
    was taken, and is given back at the end.
    """
    try:
        async for event in _events(read, seen, place):
            yield event
    finally:
        await in_thread(place.leave)


async def _events(read: Read, seen: int, place: Place) -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + STREAM_SECONDS
    snapshot = await in_thread(read)
    if snapshot.last_change > seen or snapshot.view.is_final:
        yield _event(snapshot)
    spoken = loop.time()
    while not snapshot.view.is_final and loop.time() < deadline:
        await wait_for_change(snapshot.view.id, after=snapshot.last_change, seconds=RECHECK_SECONDS)
        try:
            await in_thread(place.take)
            current = await in_thread(read)
        except Problem:
            return
        if current.etag != snapshot.etag:
            yield _event(current)
            spoken = loop.time()
        elif loop.time() - spoken >= KEEP_ALIVE_SECONDS:
            yield ": still here\n\n"
            spoken = loop.time()
        snapshot = current
