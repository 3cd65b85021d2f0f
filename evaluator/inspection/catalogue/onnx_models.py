"""Refusals of ONNX models."""

from evaluator.inspection.catalogue.codes import RefusalCode
from evaluator.inspection.catalogue.rule import Rule, Rules

_EXPORT_AGAIN = (
    "Export the model again with its framework's ONNX exporter, "
    "check it with onnx.checker.check_model, and upload that file."
)

ONNX_MODELS: Rules = {
    RefusalCode.ONNX_MALFORMED: Rule("The file is not a well-formed ONNX model.", _EXPORT_AGAIN),
    RefusalCode.ONNX_UNKNOWN_FIELD: Rule(
        "What a field that the inspector does not know holds can't be counted.",
        "Export the model for an IR version that the platform knows, without extensions.",
    ),
    RefusalCode.ONNX_REPEATED_FIELD: Rule(
        "When a field that can occur once occurs twice, readers differ in what they see.",
        _EXPORT_AGAIN,
    ),
    RefusalCode.ONNX_TOO_DEEP: Rule(
        "Graphs within graphs, and types within types, are followed to 16 levels.",
        "Export the model with fewer nested If, Loop and Scan operators.",
    ),
    RefusalCode.ONNX_TOO_COMPLEX: Rule(
        "Inspection reads every entry of the graph, and stops at 500,000 entries, 1,024 "
        "attributes of a node, 4,096 functions, 64 MiB of numbers not stored as raw data or "
        "16 MiB of metadata.",
        "Store tensors as raw data or external data (onnx.save does), use fewer trees and nodes, "
        "or strip metadata_props and doc_string.",
    ),
    RefusalCode.ONNX_TOO_LARGE: Rule(
        "A protobuf message can't be larger than 2 GiB.",
        "Save with external data: onnx.save(model, path, save_as_external_data=True).",
    ),
    RefusalCode.ONNX_UNKNOWN_DOMAIN: Rule(
        "Only the operators of ai.onnx and ai.onnx.ml, and functions that the model itself "
        "defines, can be counted and run everywhere; others may run code of their own.",
        "Export the model with standard operators only, without runtime-specific optimisation.",
    ),
    RefusalCode.ONNX_RANDOM: Rule(
        "A model that draws random numbers answers otherwise each time, so it could be handed in "
        "until it is lucky; and they are weights that nobody counts.",
        "Export the model in evaluation mode (model.eval()), and replace what it draws by "
        "constants.",
    ),
    RefusalCode.ONNX_TENSOR_MISMATCH: Rule(
        "A tensor's stored data must be exactly what its type and shape need, in one place.",
        _EXPORT_AGAIN,
    ),
    RefusalCode.ONNX_EXTERNAL_DATA_OUTSIDE: Rule(
        "External data must be named by a plain relative path, or the model could read files "
        "that are not part of it.",
        "Save the model again with onnx.save(model, 'model.onnx', "
        "save_as_external_data=True, location='model.onnx.data').",
    ),
    RefusalCode.ONNX_EXTERNAL_DATA_MISSING: Rule(
        "The model keeps tensors in a file that was not uploaded.",
        "Upload that file beside model.onnx, under the name that the model gives.",
    ),
    RefusalCode.ONNX_EXTERNAL_DATA_RANGE: Rule(
        "The place of a tensor must lie within its file and be as long as the tensor.",
        _EXPORT_AGAIN,
    ),
    RefusalCode.ONNX_EXTERNAL_DATA_OVERLAP: Rule(
        "Two tensors may share the same bytes whole, as tied weights do, but not in part.",
        _EXPORT_AGAIN,
    ),
    RefusalCode.ONNX_EXTERNAL_DATA_MALFORMED: Rule(
        "External data is described by location, offset, length and checksum, each once.",
        _EXPORT_AGAIN,
    ),
}
