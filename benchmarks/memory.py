"""The most memory that a process has held at once, as Linux counts it."""

import re
from pathlib import Path

KIBIBYTE = 1024


class PeakMemory:
    """Watches one process from now on."""

    def __init__(self, pid: int) -> None:
        self._folder = Path(f"/proc/{pid}")
        (self._folder / "clear_refs").write_text("5")  # forget the peak so far
        self._before = self._bytes("VmRSS")

    def growth(self) -> int:
        """How far, in bytes, its peak since then lies above what it held at first."""
        return self._bytes("VmHWM") - self._before

    def _bytes(self, field: str) -> int:
        status = (self._folder / "status").read_text()
        found = re.search(rf"^{field}:\s+(\d+) kB$", status, re.MULTILINE)
        if found is None:
            raise RuntimeError(f"{self._folder} tells no {field}")
        return int(found[1]) * KIBIBYTE
