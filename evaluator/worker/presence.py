"""Telling the platform that this worker is there, from a thread of its own."""

import threading
from collections.abc import Callable
from typing import Final

import structlog

from evaluator.contract import Presence
from evaluator.worker.platform_client import PlatformClient, PlatformError, Unreachable

INTERVAL_SECONDS: Final = 15.0
RETRY_SECONDS: Final = 1.0

log = structlog.get_logger()


class PresenceReporter:
    """Sends the presence at once, then every `interval` seconds; sooner while nobody answers."""

    def __init__(
        self,
        client: PlatformClient,
        presence: Callable[[], Presence],
        *,
        interval: float = INTERVAL_SECONDS,
    ) -> None:
        """`presence` is asked before each message."""
        self._client = client
        self._presence = presence
        self._interval = interval
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._tell, name="presence", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """Send no more. The platform notices by itself."""
        self._stopped.set()
        self._thread.join()

    def _tell(self) -> None:
        heard: bool | None = None
        while True:
            presence = self._presence()
            try:
                self._client.present(presence)
            except PlatformError as error:
                if heard is not False:
                    log.warning("the platform does not take the presence", reason=str(error))
                heard = False
                soon = isinstance(error, Unreachable)
                wait = min(RETRY_SECONDS, self._interval) if soon else self._interval
            else:
                if not heard:
                    log.info("present", **presence.model_dump(mode="json"))
                heard = True
                wait = self._interval
            if self._stopped.wait(wait):
                return
