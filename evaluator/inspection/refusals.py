"""Why an artifact is refused: the catalogue of codes, and the refusal as a message.

Each code has one reason and one remedy. They are listed here, and nowhere else, so that the
documentation and the tests can enumerate them.
"""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from pydantic import Field

from evaluator.contract import Message

SHOWN_CHARACTERS = 200
"""How much of a hostile name is repeated in a message."""


class RefusalCode(StrEnum):
    """The stable codes of refusals. A code is never renamed and never reused."""

    # The artifact as a whole
    UNKNOWN_FORMAT = "unknown_format"
    MISSING_MODEL = "missing_model"
    FORMAT_NOT_ACCEPTED = "format_not_accepted"
    OVER_BUDGET = "over_budget"
    TOO_MANY_FILES = "too_many_files"
    # Paths
    PATH_EMPTY = "path_empty"
    PATH_CLIMBS = "path_climbs"
    PATH_ABSOLUTE = "path_absolute"
    PATH_TOO_LONG = "path_too_long"
    PATH_ODD_CHARACTERS = "path_odd_characters"
    PATH_DUPLICATE = "path_duplicate"
    HIDDEN_FILE = "hidden_file"
    LINK = "link"
    SPECIAL_FILE = "special_file"
    # Kinds of files
    UNKNOWN_FILE_KIND = "unknown_file_kind"
    PICKLE = "pickle"
    NATIVE_CODE = "native_code"
    NESTED_ARCHIVE = "nested_archive"
    FILE_TRUNCATED = "file_truncated"
    TEXT_MALFORMED = "text_malformed"
    TEXT_TOO_LARGE = "text_too_large"
    SOURCE_TOO_LARGE = "source_too_large"
    # Tensors
    DTYPE_NOT_ALLOWED = "dtype_not_allowed"
    ZERO_SIZE_TENSOR = "zero_size_tensor"
    # safetensors
    SAFETENSORS_MALFORMED = "safetensors_malformed"
    SAFETENSORS_HEADER_TOO_LARGE = "safetensors_header_too_large"
    SAFETENSORS_DUPLICATE_KEY = "safetensors_duplicate_key"
    SAFETENSORS_NAME_TOO_LONG = "safetensors_name_too_long"
    SAFETENSORS_METADATA_TOO_LARGE = "safetensors_metadata_too_large"
    SAFETENSORS_PADDING = "safetensors_padding"
    SAFETENSORS_GAP = "safetensors_gap"
    SAFETENSORS_OVERLAP = "safetensors_overlap"
    SAFETENSORS_SIZE_MISMATCH = "safetensors_size_mismatch"
    # NumPy
    NPY_MALFORMED = "npy_malformed"
    NPY_SIZE_MISMATCH = "npy_size_mismatch"
    NPZ_MALFORMED = "npz_malformed"
    NPZ_MEMBER = "npz_member"
    ARCHIVE_BOMB = "archive_bomb"
    # ONNX
    ONNX_MALFORMED = "onnx_malformed"
    ONNX_UNKNOWN_FIELD = "onnx_unknown_field"
    ONNX_REPEATED_FIELD = "onnx_repeated_field"
    ONNX_TOO_DEEP = "onnx_too_deep"
    ONNX_TOO_COMPLEX = "onnx_too_complex"
    ONNX_TOO_LARGE = "onnx_too_large"
    ONNX_UNKNOWN_DOMAIN = "onnx_unknown_domain"
    ONNX_TENSOR_MISMATCH = "onnx_tensor_mismatch"
    ONNX_EXTERNAL_DATA_OUTSIDE = "onnx_external_data_outside"
    ONNX_EXTERNAL_DATA_MISSING = "onnx_external_data_missing"
    ONNX_EXTERNAL_DATA_RANGE = "onnx_external_data_range"
    ONNX_EXTERNAL_DATA_OVERLAP = "onnx_external_data_overlap"
    ONNX_EXTERNAL_DATA_MALFORMED = "onnx_external_data_malformed"


@dataclass(frozen=True)
class Rule:
    """The part of a refusal that is the same every time: its reason and its remedy."""

    why: str
    mend: str


_SAVE_AGAIN = "Save the tensors again with safetensors.torch.save_file and upload that file."
_EXPORT_AGAIN = (
    "Export the model again with its framework's ONNX exporter, "
    "check it with onnx.checker.check_model, and upload that file."
)
_RENAME = (
    "Rename the file with ASCII letters, digits and any of . _ - + = @ , ( ) and spaces, "
    "with / between folders."
)

CATALOGUE: MappingProxyType[RefusalCode, Rule] = MappingProxyType(
    {
        RefusalCode.UNKNOWN_FORMAT: Rule(
            "Each format is inspected and run in its own way, so it has to be known.",
            "Name one of the formats that the competition accepts.",
        ),
        RefusalCode.MISSING_MODEL: Rule(
            "The file that the model is loaded from has a fixed name at the top of the artifact.",
            "Put model.onnx (format onnx) or model.py (format python) at the top of the folder.",
        ),
        RefusalCode.FORMAT_NOT_ACCEPTED: Rule(
            "The organizers have chosen in which formats models are handed in.",
            "Convert the model into one of the formats that the competition accepts.",
        ),
        RefusalCode.OVER_BUDGET: Rule(
            "A submission enters the first division whose whole budget it fits, "
            "and the widest one is too tight for it.",
            "Make the model smaller: fewer parameters, narrower types, less beside the weights.",
        ),
        RefusalCode.TOO_MANY_FILES: Rule(
            "A small model needs few files; many of them slow every step and can carry data.",
            "Merge the tensors into one file and leave out what the model does not read.",
        ),
        RefusalCode.PATH_EMPTY: Rule(
            "Every part of a path must be a name, or the path means different things "
            "to different programs.",
            _RENAME,
        ),
        RefusalCode.PATH_CLIMBS: Rule(
            "A path with . or .. as a part could leave the folder of the model.",
            "Name every file relative to the model's own folder, without . or .. in the path.",
        ),
        RefusalCode.PATH_ABSOLUTE: Rule(
            "An absolute path could name a file outside of the folder of the model.",
            "Name every file relative to the model's own folder.",
        ),
        RefusalCode.PATH_TOO_LONG: Rule(
            "A long path can't be stored everywhere, and a name can carry data.",
            "Shorten the path to at most 200 characters, and each part of it to at most 100.",
        ),
        RefusalCode.PATH_ODD_CHARACTERS: Rule(
            "Other characters are read differently by different systems, "
            "so one path could mean two files.",
            _RENAME,
        ),
        RefusalCode.PATH_DUPLICATE: Rule(
            "On some systems two paths that differ only in case, or a file and a folder of one "
            "name, are the same place, and one file would replace the other.",
            "Give each file a path of its own that differs in more than case.",
        ),
        RefusalCode.HIDDEN_FILE: Rule(
            "Files whose name starts with a dot are left behind by tools and easily overlooked.",
            "Delete the file or folder, or upload a folder that holds only the model.",
        ),
        RefusalCode.LINK: Rule(
            "A link can point at a file outside of the folder of the model.",
            "Replace the link by a copy of the file that it points at.",
        ),
        RefusalCode.SPECIAL_FILE: Rule(
            "Only regular files can be stored and inspected.",
            "Remove the device, socket or pipe from the folder.",
        ),
        RefusalCode.UNKNOWN_FILE_KIND: Rule(
            "Every byte of an artifact is counted, and what a file holds is only known for the "
            "kinds of files that the format lists.",
            "Remove the file, or save its content in one of the kinds that are named.",
        ),
        RefusalCode.PICKLE: Rule(
            "Loading a pickle runs whatever code is in it. PyTorch's .pt, .pth and .bin files, "
            "joblib files and NumPy arrays of objects are pickles.",
            "Save weights with safetensors.torch.save_file or numpy.save(..., allow_pickle=False).",
        ),
        RefusalCode.NATIVE_CODE: Rule(
            "Compiled code can't be inspected, and its bytes can't be told from data.",
            "Remove it and submit the Python source.",
        ),
        RefusalCode.NESTED_ARCHIVE: Rule(
            "What a packed file holds is not counted, and unpacking it may fill the disk.",
            "Unpack the archive and upload the files that the model reads.",
        ),
        RefusalCode.FILE_TRUNCATED: Rule(
            "The file ends before the size that was declared for it.",
            "Upload the file again; do not change it while it is being read.",
        ),
        RefusalCode.TEXT_MALFORMED: Rule(
            "Source, JSON, Markdown and text files must be UTF-8 without NUL characters, "
            "so that no binary data hides in them.",
            "Save the file as UTF-8 text, or store its numbers as a tensor.",
        ),
        RefusalCode.TEXT_TOO_LARGE: Rule(
            "A text beside a small model is a configuration or a vocabulary. It is read whole "
            "during inspection, so its size is limited.",
            "Store numbers as tensors, and leave out data that the model does not read.",
        ),
        RefusalCode.SOURCE_TOO_LARGE: Rule(
            "All source together is compressed to be counted, so its size is limited.",
            "Leave out code that the model does not use; libraries are installed on the platform.",
        ),
        RefusalCode.DTYPE_NOT_ALLOWED: Rule(
            "Numbers of 64-bit float and complex types hold more than one parameter's worth each, "
            "and types without a fixed size can't be counted.",
            "Convert the tensor to float32, float16, bfloat16 or an integer type before saving.",
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
        RefusalCode.ONNX_MALFORMED: Rule(
            "The file is not a well-formed ONNX model.", _EXPORT_AGAIN
        ),
        RefusalCode.ONNX_UNKNOWN_FIELD: Rule(
            "What a field that the inspector does not know holds can't be counted.",
            "Export the model for an IR version that the platform knows, without extensions.",
        ),
        RefusalCode.ONNX_REPEATED_FIELD: Rule(
            "When a field that can occur once occurs twice, readers differ in what they see.",
            _EXPORT_AGAIN,
        ),
        RefusalCode.ONNX_TOO_DEEP: Rule(
            "Graphs within graphs are followed to 16 levels.",
            "Export the model with fewer nested If, Loop and Scan operators.",
        ),
        RefusalCode.ONNX_TOO_COMPLEX: Rule(
            "Inspection reads every entry of the graph, and stops at 500,000 entries, 1,024 "
            "attributes of a node, 4,096 functions or 64 MiB of numbers not stored as raw data.",
            "Store tensors as raw data or external data (onnx.save does), "
            "or use fewer trees and nodes.",
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
)
"""Every code with its reason and its remedy."""


class Refusal(Message):
    """One reason why an artifact is not accepted.

    `path` is the file at fault, empty when the artifact as a whole is. `what` tells what was found,
    `why` why that is not accepted, and `mend` what to do about it.
    """

    code: str = Field(max_length=64)
    path: str
    what: str
    why: str
    mend: str


class Refused(Exception):
    """Stops the reading of a file that is refused."""

    def __init__(self, code: RefusalCode, path: str, what: str) -> None:
        super().__init__(f"{code}: {what}")
        self.refusal = refusal(code, path, what)


def refusal(code: RefusalCode, path: str, what: str) -> Refusal:
    """The refusal of `path` under `code`, with reason and remedy from the catalogue."""
    rule = CATALOGUE[code]
    return Refusal(code=code.value, path=shown(path), what=what, why=rule.why, mend=rule.mend)


def shown(name: str) -> str:
    """A name from an artifact as it may be displayed: printable, and cut when it is long.

    Control characters could forge lines in a terminal or a log; lone surrogates can't be encoded.
    """
    cut = name if len(name) <= SHOWN_CHARACTERS else name[: SHOWN_CHARACTERS - 1] + "…"
    return "".join(character if character.isprintable() else "\ufffd" for character in cut)
