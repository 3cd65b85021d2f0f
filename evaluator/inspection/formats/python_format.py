"""The format `python`: a folder with model.py, source and text beside it, and weights.

Participant code runs, in a container. Weights are safetensors or NumPy files without pickles.
"""

from collections.abc import Mapping
from functools import partial

from evaluator.inspection import limits
from evaluator.inspection.artifact import ArtifactFile
from evaluator.inspection.files.npy_header import inspect_npy
from evaluator.inspection.files.npz_archive import inspect_npz
from evaluator.inspection.files.safetensors_header import inspect_safetensors
from evaluator.inspection.files.side_files import TEXT_SUFFIXES, Kinds, inspect_by_kind
from evaluator.inspection.files.text_files import compressed_source_bytes, count_text, read_text
from evaluator.inspection.formats.format import Format
from evaluator.inspection.ledger import Ledger
from evaluator.inspection.reading import ExactReader
from evaluator.inspection.refusals import RefusalCode, Refused

_SOURCE_SUFFIX = ".py"


def _inspect(files: Mapping[str, ArtifactFile], ledger: Ledger) -> None:
    source_bytes = sum(file.size for path, file in files.items() if path.endswith(_SOURCE_SUFFIX))
    if source_bytes > limits.MAX_SOURCE_BYTES:
        what = f"The source has {source_bytes} bytes; {limits.MAX_SOURCE_BYTES} are allowed."
        raise Refused(RefusalCode.SOURCE_TOO_LARGE, "", what)
    sources: list[bytes] = []
    kinds: Kinds = {
        _SOURCE_SUFFIX: lambda reader: sources.append(read_text(reader)),
        **dict.fromkeys(TEXT_SUFFIXES, partial(count_text, ledger=ledger)),
        ".safetensors": partial(inspect_safetensors, ledger=ledger),
        ".npy": partial(inspect_npy, ledger=ledger),
        ".npz": partial(inspect_npz, ledger=ledger),
    }
    for _, file in sorted(files.items()):
        with ledger.collecting(), file.open() as stream:
            inspect_by_kind(ExactReader(file, stream), kinds, PYTHON.name)
    if not ledger.refusals:
        ledger.add_side_bytes(compressed_source_bytes(sources))


PYTHON = Format(name="python", entries=("model.py",), runs_participant_code=True, inspect=_inspect)
