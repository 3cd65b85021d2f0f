"""The format `onnx`: model.onnx, the files that it keeps tensors in, and text beside them.

No participant code runs: the operators are the runtime's own.
"""

from collections.abc import Mapping
from functools import partial

from evaluator.inspection import limits
from evaluator.inspection.artifact import ArtifactFile
from evaluator.inspection.files.side_files import TEXT_SUFFIXES, Kinds, inspect_by_kind
from evaluator.inspection.files.text_files import count_text
from evaluator.inspection.formats.format import Format
from evaluator.inspection.ledger import Ledger
from evaluator.inspection.onnx.external import ExternalData
from evaluator.inspection.onnx.graph import ModelWalker
from evaluator.inspection.onnx.protobuf_wire import WireReader
from evaluator.inspection.onnx.tensor import TensorReader
from evaluator.inspection.onnx.workload import onnx_workload
from evaluator.inspection.reading import ExactReader
from evaluator.inspection.refusals import RefusalCode, Refused

_MODEL = "model.onnx"
_EMPTY_DATA = ".data"
"""How the file ends that PyTorch's exporter writes beside a model that keeps all its tensors."""


def _inspect(files: Mapping[str, ArtifactFile], ledger: Ledger) -> None:
    external = ExternalData(_MODEL, files)
    _inspect_model(files[_MODEL], external, ledger)
    untaken = external.untaken_bytes()
    ledger.add_side_bytes(sum(untaken.values()))
    kinds: Kinds = dict.fromkeys(TEXT_SUFFIXES, partial(count_text, ledger=ledger))
    for path, file in sorted(files.items()):
        is_empty_data = path.endswith(_EMPTY_DATA) and not file.size
        if path == _MODEL or path in untaken or is_empty_data:
            continue
        with ledger.collecting(), file.open() as stream:
            inspect_by_kind(ExactReader(file, stream), kinds, ONNX.name)


def _inspect_model(file: ArtifactFile, external: ExternalData, ledger: Ledger) -> None:
    if file.size > limits.ONNX_MAX_BYTES:
        what = f"{file.path} has {file.size} bytes."
        raise Refused(RefusalCode.ONNX_TOO_LARGE, file.path, what)
    with file.open() as stream:
        wire = WireReader(ExactReader(file, stream))
        walker = ModelWalker(wire, TensorReader(wire, external, ledger), ledger)
        ledger.add_side_bytes(walker.walk(file.size))
        ledger.workload = onnx_workload(ExactReader(file, stream), ledger.counts.parameters)


ONNX = Format(name="onnx", entries=(_MODEL,), runs_participant_code=False, inspect=_inspect)
