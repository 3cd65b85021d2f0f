"""Tells a lack of memory from other errors: of the libraries only Python's own raise `MemoryError`.

torch raises a `RuntimeError`, or a subclass of it for CUDA, the system's calls an `OSError`, and
onnxruntime has types of its own. All of them say it in words.
"""

import traceback

SIGNS = (
    "Cannot allocate memory",  # the system, and torch's allocator for the CPU
    "not enough memory",  # the same allocator, on other systems
    "out of memory",  # CUDA
    "STATUS_ALLOC_FAILED",  # CUDA's libraries
    "Failed to allocate memory",  # onnxruntime
    "bad_alloc",
    "bad allocation",
)


def ran_out_of_memory(error: BaseException) -> bool:
    """Whether that is what an error means."""
    told = "".join(traceback.format_exception_only(error))  # a model's own error may have no str
    return isinstance(error, MemoryError) or any(sign in told for sign in SIGNS)


def raise_out_of_memory(error: Exception) -> None:
    """Raise `MemoryError` if that is what an error of a library means."""
    if ran_out_of_memory(error):
        raise MemoryError(str(error)) from error
