"""Reads the files of an artifact by their kinds, and names what is there under a false name."""

from collections.abc import Callable, Mapping
from pathlib import PurePosixPath

from evaluator.inspection.files.contents import refuse_by_name, refused_as_what_it_is
from evaluator.inspection.reading import ExactReader
from evaluator.inspection.refusals import RefusalCode, Refused, shown

TEXT_SUFFIXES = (".json", ".md", ".txt")
"""Text that may lie beside a model of any format."""

Kinds = Mapping[str, Callable[[ExactReader], None]]


def inspect_by_kind(reader: ExactReader, kinds: Kinds, format_name: str) -> None:
    """Inspects a file by what `kinds` has for its suffix. Raises `Refused` where it has nothing."""
    suffix = PurePosixPath(reader.path).suffix
    # An .npz file is an archive, so that says nothing about a broken one.
    with refused_as_what_it_is(reader, may_be_archive=suffix == ".npz"):
        if suffix not in kinds:
            refuse_by_name(reader.path)
            what = (
                f"{shown(reader.path)} is of none of the kinds that may be in an artifact of the "
                f"format {format_name}: {', '.join(sorted(kinds))}."
            )
            raise Refused(RefusalCode.UNKNOWN_FILE_KIND, reader.path, what)
        kinds[suffix](reader)
