"""Keeps what a model prints: counted, cut, and split at the end of the smoke run."""

from evaluator.contract import LOG_CHARACTERS
from evaluator.harness.protocol import LOG_MARKER, log_marker

CUT = "\n… {} characters are left out here …\n"
CONTROLS = (*range(32), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""What speaks to a terminal, C1 included, or reverses the direction of what is read."""

PRINTABLE = {code: "\ufffd" for code in CONTROLS if chr(code) not in "\n\t"}


class LogTooLarge(Exception):
    """The model printed more than it may."""


class LogBook:
    """Two logs in one stream: the smoke log until `close_smoke`, the hosts' log afterwards.

    What arrives after `close_smoke` never gets into the smoke log, whenever it was written.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._smoke = bytearray()
        self._host = bytearray()
        self._smoke_open = True

    def feed(self, data: bytes) -> None:
        """Add bytes that the model printed. Raises `LogTooLarge` past the limit in bytes."""
        log = self._smoke if self._smoke_open else self._host
        room = self._limit - len(self._smoke) - len(self._host)
        log += data[:room]
        if len(data) > room:
            raise LogTooLarge

    def ended(self, run: bytes) -> bool:
        """Whether the harness has marked the end of a run in the part that is open."""
        marker = log_marker(run)
        log = self._smoke if self._smoke_open else self._host
        if marker not in log:
            return False
        log[:] = log.replace(marker, b"")
        return True

    def close_smoke(self) -> None:
        """From here on nothing reaches the smoke log."""
        self._smoke_open = False

    def remark(self, sentence: str) -> None:
        """Add a sentence of the sandbox's own to the part that is open."""
        log = self._smoke if self._smoke_open else self._host
        if log and not log.endswith(b"\n"):
            log += b"\n"
        log += f"[sandbox] {sentence}\n".encode()

    @property
    def smoke_log(self) -> str:
        """What its participant may read."""
        return _readable(bytes(self._smoke))

    @property
    def host_log(self) -> str:
        """What only hosts may read."""
        return _readable(bytes(self._host))


def _readable(log: bytes) -> str:
    """Text without marks and control characters, at most `LOG_CHARACTERS`, cut in the middle."""
    text = LOG_MARKER.sub(b"", log).decode("utf-8", errors="replace").translate(PRINTABLE)
    if len(text) <= LOG_CHARACTERS:
        return text
    half = (LOG_CHARACTERS - len(CUT) - 20) // 2
    return text[:half] + CUT.format(len(text) - 2 * half) + text[-half:]
