"""Every code of refusal with its reason and its remedy."""

from types import MappingProxyType

from evaluator.inspection.catalogue.artifacts import ARTIFACTS
from evaluator.inspection.catalogue.checkpoints import CHECKPOINTS
from evaluator.inspection.catalogue.codes import RefusalCode
from evaluator.inspection.catalogue.onnx_models import ONNX_MODELS
from evaluator.inspection.catalogue.predictions import PREDICTIONS
from evaluator.inspection.catalogue.rule import Rule
from evaluator.inspection.catalogue.tensors import TENSORS

__all__ = ["CATALOGUE", "RefusalCode", "Rule"]

CATALOGUE: MappingProxyType[RefusalCode, Rule] = MappingProxyType(
    {**ARTIFACTS, **TENSORS, **ONNX_MODELS, **CHECKPOINTS, **PREDICTIONS}
)
