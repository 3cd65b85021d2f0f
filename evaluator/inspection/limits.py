"""How much of anything an artifact may hold, apart from the budgets of a competition.

These limits bound the work of inspection and close the places where data hides without being
counted. None of them is met by what real writers produce for a small model.
"""

KIB = 1024
MIB = 1024 * KIB

MAX_FILES = 256
MAX_PATH_CHARACTERS = 200
MAX_PATH_PART_CHARACTERS = 100

MAX_TEXT_BYTES = 16 * MIB
"""Of one text file beside the model. A tokenizer of 250,000 words has about this size."""

MAX_SOURCE_BYTES = 2 * MIB
"""Of all Python source together, before compression."""

JSON_MAX_DEPTH = 32
JSON_MAX_VALUES = 1_000_000
"""In one file. A tokenizer of 128,000 words and 280,000 merges holds about as many."""

MAX_CONFIG_BYTES = MIB
"""Of a configuration, which lists at most the names of some thousand labels."""

MAX_INDEX_BYTES = 8 * MIB
"""Of the index of a sharded checkpoint; as many names as there may be tensors fit."""

MAX_PREDICTIONS_BYTES = 256 * MIB
MAX_PREDICTIONS_HEADER_BYTES = 64 * KIB
"""Of the line that names the columns of a CSV file of predictions."""

MAX_RANK = 64
"""Dimensions of a tensor. NumPy, which allows most, allows as many."""

MAX_ELEMENTS = 2**62
"""Elements of a tensor; above it the arithmetic of other readers overflows."""

SAFETENSORS_HEADER_BASE = 64 * KIB
SAFETENSORS_HEADER_PER_TENSOR = 256
SAFETENSORS_MAX_TENSORS = 16_384
SAFETENSORS_MAX_NAME_BYTES = 256
SAFETENSORS_MAX_METADATA_BYTES = 4 * KIB
SAFETENSORS_TORCHAO_METADATA_PER_TENSOR = 512
"""More metadata a tensor, where torchao keeps in it how each of its tensors is packed."""

SAFETENSORS_MAX_PADDING = 8

NPY_MAX_HEADER_BYTES = 10_000
"""The limit that NumPy itself sets."""

NPY_MAX_PADDING = 128
"""Spaces in a header. NumPy aligns to 64 bytes and leaves up to 21 for a shape that grows."""

NPZ_MAX_MEMBERS = 4096
NPZ_MAX_DIRECTORY_BYTES = 2 * MIB
NPZ_MAX_RATIO = 200
NPZ_RATIO_FREE_BYTES = 16 * MIB
"""Below this inflated size a member may be compressed at any ratio: zeros compress well."""

ONNX_MAX_BYTES = 2**31 - 1
ONNX_MAX_ENTRIES = 500_000
ONNX_MAX_DEPTH = 16
ONNX_MAX_ATTRIBUTES = 1024
"""Of one node. TreeEnsembleClassifier, which has most, has about 20."""

ONNX_MAX_GEOMETRY = 16
"""Numbers in a list that describes geometry: as many as pads of eight dimensions have."""

ONNX_MAX_OPERATORS = 4096
"""Different ones outside of the standard domains, called or defined by the model."""

ONNX_MAX_EXTERNAL_ENTRIES = 16
"""That say where one tensor lies. There are four that mean something."""

ONNX_MAX_SCANNED_BYTES = 64 * MIB
"""Of numbers that must be read to be counted: integers of variable length, lists in attributes."""

ONNX_MAX_NAME_BYTES = 4 * KIB
"""Of the names that the inspector has to read: operators, domains, file names."""

ONNX_MAX_INERT_BYTES = 16 * MIB
"""Of metadata and documentation. PyTorch's exporter writes a kilobyte a node."""

ONNX_MAX_KEPT_NAME_BYTES = 4 * MIB
"""Of all names together that are kept at once, to tell which value goes where."""

MAX_REFUSALS = 32
MAX_TENSOR_SUMMARIES = 64
