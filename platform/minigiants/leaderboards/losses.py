"""Fetching what submissions left to be compared by."""

import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import structlog
from numpy.lib.format import open_memmap

from evaluator.contract import Split
from evaluator.losses_file import (
    About,
    InvalidLosses,
    SplitEvidence,
    SplitLosses,
    read_evidence,
)
from minigiants.core.blobstore import blob_store
from minigiants.leaderboards.statistics.figures import Resampled, Sample
from minigiants.leaderboards.statistics_models import Evidence

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Comparable:
    """Submissions that can be compared, in the order given, and what they did."""

    evidence: Sequence[Evidence]
    found: Sample | Resampled


@contextlib.contextmanager
def compared(
    evidence: Sequence[Evidence], split: Split, scores: Mapping[int, float]
) -> Iterator[Comparable | None]:
    """What the losses of `evidence` allow to compare, in one table mapped into memory.

    `scores` are the values by the evidence's key, of metrics that do not decompose. What has no
    losses, or others than the first that has, is left out; None where nothing is left.
    """
    with tempfile.TemporaryDirectory(prefix="minigiants-statistics-") as name:
        folder = Path(name)
        yield _compared(evidence, split, scores, folder)


def _compared(
    evidence: Sequence[Evidence], split: Split, scores: Mapping[int, float], folder: Path
) -> Comparable | None:
    rows: list[tuple[Evidence, SplitEvidence]] = []
    about: About | None = None
    table = None
    for each in evidence:
        read = _read(each, split, folder)
        if read is None:
            continue
        if about is None:
            about, first = read
            length = _length(first)
            dtype = np.float32 if isinstance(first, SplitLosses) else np.float64
            table = open_memmap(
                folder / "table.npy", mode="w+", dtype=dtype, shape=(len(evidence), length)
            )
        if table is None or read[0] != about or _length(read[1]) != table.shape[1]:
            log.warning("losses differ in kind", submission=str(each.submission_id))
            continue
        found = read[1]
        table[len(rows)] = found.losses if isinstance(found, SplitLosses) else found.resampled
        rows.append((each, found))
    if about is None or table is None:
        return None
    kept = [each for each, _ in rows]
    first = rows[0][1]
    if isinstance(first, SplitLosses):
        if about.value_of is None:
            raise InvalidLosses("Losses do not say what value they make.")
        return Comparable(kept, Sample(table[: len(rows)], first.weights, about.value_of))
    values = np.array([scores[each.pk] for each in kept])
    return Comparable(
        kept,
        Resampled(values, table[: len(rows)], examples=first.examples, seed=about.seed or 0),
    )


def _length(found: SplitEvidence) -> int:
    return len(found.losses if isinstance(found, SplitLosses) else found.resampled)


def _read(each: Evidence, split: Split, folder: Path) -> tuple[About, SplitEvidence] | None:
    if not each.losses_digest:
        return None
    try:
        with blob_store().open(each.losses_digest) as file:
            return read_evidence(file, split, folder)
    except (InvalidLosses, FileNotFoundError) as error:
        log.warning("losses unreadable", submission=str(each.submission_id), error=str(error))
        return None
