"""The labels of the last hidden test sets that a score worker read, parsed.

The same few files are needed for each submission to a competition, and to parse one takes longer
than to score a small model.
"""

from pathlib import Path
from threading import Lock
from typing import Final

from evaluator.contract import TaskSpec
from evaluator.tasks import load_task
from evaluator.tasks.labels import Labels

KEPT: Final = 4
"""How many test sets' labels are kept."""
KEPT_BYTES: Final = 16 * 1024**2
"""The largest labels file that is kept, parsed. Objects of Python take some ten times as much."""


class KnownLabels:
    """Reads labels, and keeps those that were used last. Threads may share it.

    What it gives is shared: its arrays can't be written to.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Labels] = {}
        self._lock = Lock()

    def read(self, path: Path, digest: str, task: TaskSpec) -> Labels:
        """The labels in the file at `path`, whose bytes have the given digest.

        Raises `InvalidLabels` and `InvalidTask`.
        """
        key = (digest, task.model_dump_json())
        with self._lock:
            labels = self._kept.pop(key, None)
        if labels is None:
            labels = load_task(task).read_labels(path)
            for array in (labels.values, labels.public, labels.private):
                array.flags.writeable = False
        if path.stat().st_size <= KEPT_BYTES:
            with self._lock:
                self._kept[key] = labels  # last in the order: used last
                while len(self._kept) > KEPT:
                    del self._kept[next(iter(self._kept))]
        return labels
