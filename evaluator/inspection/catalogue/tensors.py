"""Refusals of tensors, and of the files that hold them: safetensors and NumPy."""

from evaluator.inspection.catalogue.codes import RefusalCode
from evaluator.inspection.catalogue.rule import Rule, Rules

_SAVE_AGAIN = "Save the tensors again with safetensors.torch.save_file and upload that file."

TENSORS: Rules = {
    RefusalCode.DTYPE_NOT_ALLOWED: Rule(
        "Numbers of 64-bit float and complex types hold more than one parameter's worth each, "
        "and types without a fixed size can't be counted.",
        "Convert the tensor to float32, float16, bfloat16 or an integer type before saving. A "
        "model of scikit-learn keeps the types that it is fitted on: fit it on float32 features "
        "and float32 targets before exporting it.",
    ),
    RefusalCode.ZERO_SIZE_TENSOR: Rule(
        "A tensor without elements has no use, but its name and shape can carry data.",
        "Remove the tensor before saving.",
    ),
    RefusalCode.SAFETENSORS_MALFORMED: Rule(
        "The header is not what the safetensors format prescribes.", _SAVE_AGAIN
    ),
    RefusalCode.SAFETENSORS_HEADER_TOO_LARGE: Rule(
        "A header may have 64 KiB and 256 bytes for each tensor, and describe at most 16,384 "
        "tensors; a larger one hides data.",
        _SAVE_AGAIN,
    ),
    RefusalCode.SAFETENSORS_DUPLICATE_KEY: Rule(
        "Of two entries with one key a reader sees only one, so the other is hidden.",
        _SAVE_AGAIN,
    ),
    RefusalCode.SAFETENSORS_NAME_TOO_LONG: Rule(
        "A tensor's name may have 1 to 256 bytes; a longer one can carry data.",
        "Rename the tensor before saving.",
    ),
    RefusalCode.SAFETENSORS_METADATA_TOO_LARGE: Rule(
        "__metadata__ may hold 4 KiB; more of it is data that no tensor accounts for.",
        "Save without metadata, or keep it in a JSON file beside the weights.",
    ),
    RefusalCode.SAFETENSORS_PADDING: Rule(
        "Writers pad a header with at most 7 spaces; more is a place to hide data.",
        _SAVE_AGAIN,
    ),
    RefusalCode.SAFETENSORS_GAP: Rule(
        "Bytes that belong to no tensor would be carried without being counted.", _SAVE_AGAIN
    ),
    RefusalCode.SAFETENSORS_OVERLAP: Rule(
        "The format forbids that two tensors share bytes.", _SAVE_AGAIN
    ),
    RefusalCode.SAFETENSORS_SIZE_MISMATCH: Rule(
        "A tensor's bytes must be exactly what its type and shape need.", _SAVE_AGAIN
    ),
    RefusalCode.NPY_MALFORMED: Rule(
        "The file is not an array as numpy.save writes it.",
        "Save the array again with numpy.save(..., allow_pickle=False).",
    ),
    RefusalCode.NPY_SIZE_MISMATCH: Rule(
        "The data must be exactly what the array's type and shape need.",
        "Save the array again with numpy.save(..., allow_pickle=False).",
    ),
    RefusalCode.NPZ_MALFORMED: Rule(
        "The file is not an archive as numpy.savez writes it: members side by side, stored "
        "or deflated, and nothing before, between or after them.",
        "Save the arrays again with numpy.savez, or each one with numpy.save.",
    ),
    RefusalCode.NPZ_MEMBER: Rule(
        "An .npz file may hold only .npy arrays, each once, under a plain relative name.",
        "Save only arrays with numpy.savez; put other files beside it.",
    ),
    RefusalCode.ARCHIVE_BOMB: Rule(
        "A small file that unpacks to a huge one fills the memory of whoever loads it.",
        "Save the arrays without compression, with numpy.savez.",
    ),
}
