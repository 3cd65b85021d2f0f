"""The format `predictions`: one table of results in CSV, for competitions without models.

Nothing is run. There are no parameters and no tensors; every byte is a side byte, so such a
competition caps `side_bytes` or `artifact_bytes`, and no parameters. Only the first line is read:
rows are checked when they are scored, against the ids that are asked for. Parquet is known, to be
refused as such: its readers are large native libraries, and the file is a stranger's.
"""

from collections.abc import Mapping

from evaluator.inspection import limits
from evaluator.inspection.artifact import ArtifactFile
from evaluator.inspection.files.contents import refuse_by_name, refused_as_what_it_is
from evaluator.inspection.files.tables import check_csv, refuse_parquet
from evaluator.inspection.formats.format import Format
from evaluator.inspection.ledger import Ledger
from evaluator.inspection.reading import ExactReader
from evaluator.inspection.refusals import RefusalCode, Refused, shown

_KINDS = {"predictions.csv": check_csv, "predictions.parquet": refuse_parquet}


def _inspect(files: Mapping[str, ArtifactFile], ledger: Ledger) -> None:
    entry = next(path for path in _KINDS if path in files)
    for path, file in sorted(files.items()):
        with ledger.collecting(), file.open() as stream:
            reader = ExactReader(file, stream)
            if path == entry:
                _check(reader)
                ledger.add_side_bytes(file.size)
            else:
                refuse_by_name(path)
                what = f"{shown(path)} lies beside {entry}, which must be the only file."
                raise Refused(RefusalCode.UNKNOWN_FILE_KIND, path, what)


def _check(reader: ExactReader) -> None:
    if reader.size > limits.MAX_PREDICTIONS_BYTES:
        what = f"{reader.path} has {reader.size} bytes; {limits.MAX_PREDICTIONS_BYTES} are allowed."
        raise Refused(RefusalCode.PREDICTIONS_TOO_LARGE, reader.path, what)
    with refused_as_what_it_is(reader):
        _KINDS[reader.path](reader)


PREDICTIONS = Format(
    name="predictions", entries=tuple(_KINDS), runs_participant_code=False, inspect=_inspect
)
