"""What is checked of a pack's data before it is published, and what the labels are kept as."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from evaluator.contract import PREDICTIONS
from minigiants.competitions.models import PackFile
from minigiants.competitions.pack import PackSpec
from minigiants.competitions.pack_data import BuiltFile, pack_files, sha256_of, split_file
from minigiants.competitions.pack_folder import SPECIFICATION, PackFolder
from minigiants.competitions.pack_labels import (
    DOCUMENT,
    PRIVATE,
    PUBLIC,
    USAGE,
    Splits,
    read_csv,
    split_labels,
)
from minigiants.competitions.pack_leaks import leaked_inputs, leaked_labels, memorisation_warning
from minigiants.competitions.pack_rows import input_rows
from minigiants.competitions.pack_split import ColumnSplit, FileSplit
from minigiants.competitions.problems import PackFault, PackRefused

USAGE_LETTERS = {PUBLIC: "u", PRIVATE: "v", DOCUMENT: "d"}
OPEN_ROLES = frozenset({PackFile.Role.PUBLIC, PackFile.Role.SMOKE_INPUTS})
HIDDEN_ROLES = frozenset({PackFile.Role.HIDDEN_INPUTS, PackFile.Role.LABELS})


@dataclass(frozen=True, slots=True)
class CheckedData:
    """A pack's files, ready to be stored, and what their builder should know.

    `public_rows` and `private_rows` are the sizes of the splits. `usages` has a letter for each
    row of the labels: u for public, v for private, d for a document.
    """

    files: tuple[BuiltFile, ...]
    warnings: tuple[PackFault, ...]
    public_rows: int
    private_rows: int
    usages: str


def data_check(pack: PackFolder, built: Path, scratch: Path) -> CheckedData:
    """Check the data that lies in `built`; labels that tell no usage are rewritten in `scratch`.

    Raises PackRefused with all that is wrong: ids that are missing or come twice, rows without a
    label, splits without a row, inputs that can't be read, hidden rows or labels in public data.
    """
    spec = pack.spec
    files = pack_files(pack, built)
    labels_file = next(file for file in files if file.role == PackFile.Role.LABELS)
    told = split_file(pack, built)
    labels = read_csv(labels_file.source, labels_file.path)
    told_table = (
        read_csv(told, spec.split.file)
        if told is not None and isinstance(spec.split, FileSplit)
        else None
    )
    splits = split_labels(spec, labels, told_table)
    faults = [
        *_same_number(files, splits),
        *_same_bytes(files),
        *_leaks(files, splits),
        *_room_for_results(spec, splits),
    ]
    if faults:
        raise PackRefused(faults)
    warning = memorisation_warning(spec, [f.source for f in files if f.role in HIDDEN_ROLES])
    return CheckedData(
        files=tuple(_with_usage(file, spec, splits, scratch) for file in files),
        warnings=() if warning is None else (warning,),
        public_rows=splits.public,
        private_rows=splits.private,
        usages="".join(USAGE_LETTERS[usage] for usage in splits.usages),
    )


def _with_usage(file: BuiltFile, spec: PackSpec, splits: Splits, scratch: Path) -> BuiltFile:
    column = spec.split.column if isinstance(spec.split, ColumnSplit) else ""
    if file.role != PackFile.Role.LABELS or column == USAGE:
        return file
    target = scratch / "labels.csv"
    splits.write(target, column=column)
    return replace(file, source=target)


def _same_number(files: Sequence[BuiltFile], splits: Splits) -> Iterator[PackFault]:
    """Each hidden row has its label, and each label its row. The fault stands at the first label
    too many, or at the last one where some are missing.
    """
    lines = [row.line for row in splits.labels.rows]
    rows = len(lines)
    for file in files:
        if file.role == PackFile.Role.HIDDEN_INPUTS:
            count = sum(1 for _ in input_rows(file.source, file.path))
            if count != rows:
                message = f"has {rows} rows, but {file.path} has {count}"
                yield PackFault(splits.labels.file, lines[min(count, rows - 1)], "", message)
        elif file.role == PackFile.Role.SMOKE_INPUTS and not any(
            True for _ in input_rows(file.source, file.path)
        ):
            yield PackFault(file.path, None, "", "has no rows to try a model on")


def _same_bytes(files: Sequence[BuiltFile]) -> Iterator[PackFault]:
    """A builder that writes hidden bytes to a public place too is mistaken.

    Who publishes the metric's code, on the other hand, does participants a favour.
    """
    public = {sha256_of(file.source): file.path for file in files if file.role in OPEN_ROLES}
    for file in files:
        twin = public.get(sha256_of(file.source)) if file.role in HIDDEN_ROLES else None
        if twin is not None:
            yield PackFault(
                file.path, None, "", f"is hidden, but {twin} holds the same bytes and is public"
            )


def _leaks(files: Sequence[BuiltFile], splits: Splits) -> Iterator[PackFault]:
    public = [(file.path, file.source) for file in files if file.role in OPEN_ROLES]
    yield from leaked_labels(splits.labels, public)
    for file in files:
        if file.role == PackFile.Role.HIDDEN_INPUTS:
            yield from leaked_inputs((file.path, file.source), public)


def _room_for_results(spec: PackSpec, splits: Splits) -> Iterator[PackFault]:
    """A file of results names each id, a comma and a line's end: less than that can't enter."""
    if PREDICTIONS not in spec.formats:
        return
    least = sum(len(name.encode()) + 2 for name in splits.labels.column("id"))
    for position, division in enumerate(spec.divisions):
        cap = division.budget.artifact_bytes
        if cap is not None and cap < least:
            yield PackFault(
                SPECIFICATION,
                None,
                f"divisions[{position}].budget.artifact_bytes",
                f"nothing can enter {division.slug!r}: the ids alone are {least:,} bytes",
            )
