"""Telling the platform that this worker is there, from a thread of its own."""

import threading
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
        self, client: PlatformClient, presence: Presence, *, interval: float = INTERVAL_SECONDS
    ) -> None:
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
            try:
                self._client.present(self._presence)
            except PlatformError as error:
                if heard is not False:
                    log.warning("the platform does not take the presence", reason=str(error))
                heard = False
                soon = isinstance(error, Unreachable)
                wait = min(RETRY_SECONDS, self._interval) if soon else self._interval
            else:
                if not heard:
                    log.info("present", **self._presence.model_dump(mode="json"))
                heard = True
                wait = self._interval
            if self._stopped.wait(wait):
                return
