"""Our reader of NumPy's files against NumPy's own."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from evaluator.tasks import npy

NUMBERS = (
    npst.floating_dtypes(endianness="?")
    | npst.integer_dtypes(endianness="?")
    | npst.unsigned_integer_dtypes(endianness="?")
    | npst.boolean_dtypes()
)


@settings(deadline=None)
@given(
    array=npst.arrays(NUMBERS, npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)),
    order=st.sampled_from(["C", "F"]),
)
def test_reads_what_numpy_writes(
    tmp_path_factory: pytest.TempPathFactory, array: np.ndarray[Any, Any], order: Any
) -> None:
    file = tmp_path_factory.mktemp("npy") / "array.npy"
    np.save(file, np.asarray(array, order=order))
    header = npy.read_header(file)
    assert (header.shape, header.dtype) == (array.shape, array.dtype)
    assert npy.read_array(file).tobytes() == array.tobytes()


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_reads_each_version_of_the_format(tmp_path: Path, version: tuple[int, int]) -> None:
    file = tmp_path / "array.npy"
    with file.open("wb") as out:
        np.lib.format.write_array(out, np.arange(6.0).reshape(2, 3), version=version)
    assert npy.read_array(file).tolist() == [[0, 1, 2], [3, 4, 5]]


def test_a_header_costs_no_reading_of_data(tmp_path: Path) -> None:
    file = tmp_path / "large.npy"
    np.save(file, np.zeros((0, 1024), np.float32))
    content = file.read_bytes().replace(b"(0, 1024), }        ", b"(26214400, 1024), } ")
    with file.open("wb") as out:
        out.write(content)
        out.truncate(len(content) + 26_214_400 * 1024 * 4)
    assert npy.read_header(file).shape == (26_214_400, 1024)
