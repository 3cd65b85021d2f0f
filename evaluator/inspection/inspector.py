"""Inspects an artifact: from its files and its format to a verdict. Nothing of it is run."""

from collections.abc import Iterable, Sequence

from evaluator.inspection.artifact import ArtifactFile
from evaluator.inspection.formats import FORMATS
from evaluator.inspection.ledger import Ledger
from evaluator.inspection.paths import path_refusals
from evaluator.inspection.refusals import Refusal, RefusalCode, refusal, shown
from evaluator.inspection.verdict import Verdict

INSPECTOR_VERSION = "3"
"""Rises with every change that can change a verdict; verdicts are kept by it."""


def detect_format(files: Iterable[ArtifactFile]) -> str | None:
    """The name of the format whose entry file is among `files`, or None."""
    paths = {file.path for file in files}
    return next((name for name, known in FORMATS.items() if paths & set(known.entries)), None)


def inspect_artifact(files: Sequence[ArtifactFile], *, format: str) -> Verdict:  # noqa: A002
    """Inspects `files` as an artifact of the format named `format`.

    Reads headers, the structure of graphs, and text; never the data of tensors that are stored
    raw. Whatever the files hold, the answer is a verdict. Only the storage's own errors (`OSError`
    from `open` or `read`) pass through, since they say nothing about the artifact.
    """
    known = FORMATS.get(format)
    if known is None:
        names = ", ".join(FORMATS)
        what = f"The format “{shown(format)}” is none of: {names}."
        return _refused(format, [refusal(RefusalCode.UNKNOWN_FORMAT, "", what)])
    refusals = path_refusals(files)
    by_path = {file.path: file for file in files}
    if not refusals and not by_path.keys() & set(known.entries):
        what = f"The artifact has no {known.entries[0]} at its top."
        refusals = [refusal(RefusalCode.MISSING_MODEL, known.entries[0], what)]
    if refusals:
        return _refused(format, refusals)
    ledger = Ledger()
    # A name can carry data too. That of the entry file is given, so it carries none.
    ledger.add_side_bytes(sum(len(path) for path in by_path if path not in known.entries))
    with ledger.collecting():
        known.inspect(by_path, ledger)
    if ledger.refusals:
        return _refused(format, ledger.refusals)
    return Verdict(
        inspector_version=INSPECTOR_VERSION,
        format=format,
        counts=ledger.counts,
        tensors=ledger.tensors,
        tensor_count=ledger.tensor_count,
        workload=ledger.workload,
    )


def _refused(format_name: str, refusals: Sequence[Refusal]) -> Verdict:
    return Verdict(
        inspector_version=INSPECTOR_VERSION,
        format=shown(format_name),
        refusals=tuple(refusals),
    )
