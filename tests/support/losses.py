"""Reading what a score worker has stored."""

import io
import tempfile
from pathlib import Path

from evaluator.contract import Split
from evaluator.losses_file import SplitEvidence, SplitLosses, read_evidence


def evidence_of(content: bytes, split: Split) -> SplitEvidence:
    """What a file of losses holds of one split."""
    with tempfile.TemporaryDirectory() as folder:
        return read_evidence(io.BytesIO(content), split, Path(folder))[1]


def losses_of(content: bytes) -> dict[str, list[float]]:
    """The losses of each split."""
    found = {split.value: evidence_of(content, split) for split in Split}
    assert all(isinstance(each, SplitLosses) for each in found.values())
    return {split: each.losses.tolist() for split, each in found.items()}  # type: ignore[union-attr]
