"""The formats of artifacts. A new one is a module in this package and a line in `FORMATS`."""

from collections.abc import Mapping
from types import MappingProxyType

from evaluator.inspection.formats.format import Format
from evaluator.inspection.formats.onnx_format import ONNX
from evaluator.inspection.formats.python_format import PYTHON

FORMATS: Mapping[str, Format] = MappingProxyType({known.name: known for known in (ONNX, PYTHON)})
"""All formats by name, in the order in which `detect_format` tries them."""

participant_code_formats = frozenset(
    known.name for known in FORMATS.values() if known.runs_participant_code
)
"""The formats in which code of the participant runs, and that therefore need a container."""
