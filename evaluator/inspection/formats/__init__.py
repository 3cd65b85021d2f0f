"""The formats of artifacts. A new one is a module in this package and a line in `FORMATS`."""

from collections.abc import Mapping
from types import MappingProxyType

from evaluator.inspection.formats.format import Format
from evaluator.inspection.formats.onnx_format import ONNX
from evaluator.inspection.formats.predictions_format import PREDICTIONS
from evaluator.inspection.formats.python_format import PYTHON
from evaluator.inspection.formats.transformers_format import TRANSFORMERS

FORMATS: Mapping[str, Format] = MappingProxyType(
    {known.name: known for known in (ONNX, PYTHON, TRANSFORMERS, PREDICTIONS)}
)
"""All formats by name, in the order in which `detect_format` tries them.

config.json comes after the others, since it may lie beside a model of any format.
"""

participant_code_formats = frozenset(
    known.name for known in FORMATS.values() if known.runs_participant_code
)
"""The formats in which code of the participant runs, and that therefore need a container."""
