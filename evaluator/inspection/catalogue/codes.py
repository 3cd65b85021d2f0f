"""The codes of refusals."""

from enum import StrEnum


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
    # JSON beside the weights
    JSON_MALFORMED = "json_malformed"
    JSON_DUPLICATE_KEY = "json_duplicate_key"
    JSON_TOO_COMPLEX = "json_too_complex"
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
    ONNX_RANDOM = "onnx_random"
    ONNX_TENSOR_MISMATCH = "onnx_tensor_mismatch"
    ONNX_EXTERNAL_DATA_OUTSIDE = "onnx_external_data_outside"
    ONNX_EXTERNAL_DATA_MISSING = "onnx_external_data_missing"
    ONNX_EXTERNAL_DATA_RANGE = "onnx_external_data_range"
    ONNX_EXTERNAL_DATA_OVERLAP = "onnx_external_data_overlap"
    ONNX_EXTERNAL_DATA_MALFORMED = "onnx_external_data_malformed"
    # Checkpoints of transformers
    TRANSFORMERS_CONFIG_MALFORMED = "transformers_config_malformed"
    TRANSFORMERS_CODE = "transformers_code"
    TRANSFORMERS_TEMPLATE = "transformers_template"
    TRANSFORMERS_TOKENIZER = "transformers_tokenizer"
    TRANSFORMERS_QUANTIZATION = "transformers_quantization"
    TRANSFORMERS_WEIGHTS = "transformers_weights"
    TRANSFORMERS_INDEX = "transformers_index"
    # Files of predictions
    PREDICTIONS_MALFORMED = "predictions_malformed"
    PREDICTIONS_PARQUET = "predictions_parquet"
    PREDICTIONS_TOO_LARGE = "predictions_too_large"
