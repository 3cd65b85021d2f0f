"""Errors that mean a lack of memory, in the words of each library."""

import pytest
import torch

from evaluator.harness.out_of_memory import ran_out_of_memory


class Speechless(Exception):
    def __str__(self) -> str:
        raise ValueError("no words")


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(12, "Cannot allocate memory"),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB."),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: not enough memory"),
    ],
)
def test_a_lack_of_memory(error: BaseException) -> None:
    assert ran_out_of_memory(error)


@pytest.mark.parametrize(
    "error",
    [RuntimeError("CUDA error: device-side assert triggered"), KeyError("weights"), Speechless()],
)
def test_something_else(error: BaseException) -> None:
    assert not ran_out_of_memory(error)
