"""Our safetensors reader against the stock library, and against every place to hide data."""

import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import deserialize, safe_open
from safetensors.numpy import save
from safetensors.torch import save_file, save_model

from evaluator.inspection import Verdict, inspect_artifact
from evaluator.inspection.files.safetensors_header import ELEMENT_TYPES, read_header
from evaluator.inspection.reading import ExactReader
from tests.evaluator.inspection.artifacts import (
    MODEL_SOURCE,
    CountedFile,
    MemoryFile,
    codes,
    python_verdict,
    safetensors_bytes,
)

_NUMPY_TYPES = [
    "bool",
    "uint8",
    "int8",
    "int16",
    "uint16",
    "float16",
    "int32",
    "uint32",
    "float32",
    "int64",
    "uint64",
]
_F32 = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


def verdict_of(content: bytes) -> Verdict:
    return python_verdict({"weights.safetensors": content})


@settings(deadline=None)
@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40).filter(
            lambda name: name != "__metadata__"
        ),
        st.tuples(
            st.sampled_from(_NUMPY_TYPES), st.lists(st.integers(1, 5), max_size=4).map(tuple)
        ),
        max_size=8,
    )
)
def test_sees_what_the_stock_library_sees(
    tmp_path_factory: pytest.TempPathFactory, described: dict[str, tuple[str, tuple[int, ...]]]
) -> None:
    content = save({name: np.zeros(shape, dtype) for name, (dtype, shape) in described.items()})
    file = MemoryFile("weights.safetensors", content)
    tensors = read_header(ExactReader(file, file.open())).tensors
    place = tmp_path_factory.mktemp("stock") / "weights.safetensors"
    place.write_bytes(content)
    with safe_open(place, framework="numpy") as stock:
        expected = {
            name: (stock.get_slice(name).get_dtype(), tuple(stock.get_slice(name).get_shape()))
            for name in stock.keys()  # noqa: SIM118  (the handle is no mapping)
        }
    assert {t.name: (t.element.name, t.shape) for t in tensors} == expected


@pytest.mark.parametrize(
    "dtype",
    [
        torch.bfloat16,
        torch.float8_e4m3fn,
        torch.float8_e5m2,
        torch.float8_e8m0fnu,
        torch.float8_e4m3fnuz,
        torch.float8_e5m2fnuz,
    ],
)
def test_float_types_of_torch_count_one_an_element(tmp_path: Path, dtype: torch.dtype) -> None:
    place = tmp_path / "weights.safetensors"
    save_file({"w": torch.zeros(3, 5).to(dtype)}, place)
    verdict = verdict_of(place.read_bytes())
    assert verdict.counts is not None
    assert verdict.counts.parameters == 15
    assert verdict.counts.tensor_bits == 15 * dtype.itemsize * 8


def test_every_type_of_the_format_is_known() -> None:
    """The stock library names the types that it knows when it is given another."""
    with pytest.raises(Exception, match="unknown variant") as raised:
        deserialize(  # type: ignore[no-untyped-call]
            safetensors_bytes({"w": {**_F32, "dtype": "NONE"}}, b"\0" * 8)
        )
    names = {part for part in str(raised.value).split("`") if part.isupper() or "E4M3" in part}
    assert names - {"NONE"} == set(ELEMENT_TYPES)


def test_counts_by_the_rule(tmp_path: Path) -> None:
    place = tmp_path / "weights.safetensors"
    save_file(
        {
            "weight": torch.zeros(10, 64),
            "num_batches_tracked": torch.tensor(7),
            "flag": torch.tensor([True]),
            "position_ids": torch.arange(12),
            "packed": torch.zeros(6, dtype=torch.uint8),
            "mask": torch.zeros(3, dtype=torch.bool),
        },
        place,
    )
    verdict = verdict_of(place.read_bytes())
    assert verdict.counts is not None
    assert verdict.counts.parameters == 640 + 1 + 1 + 12 * 16 + 12 + 6
    assert verdict.counts.tensor_bits == 8 * (640 * 4 + 8 + 1 + 12 * 8 + 6 + 3)


def test_a_network_with_batch_norm_and_tied_weights_is_honest(tmp_path: Path) -> None:
    class Tied(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = torch.nn.Embedding(20, 8)
            self.norm = torch.nn.BatchNorm1d(8)
            self.head = torch.nn.Linear(8, 20, bias=False)
            self.head.weight = self.embed.weight

    place = tmp_path / "weights.safetensors"
    save_model(Tied(), str(place))
    verdict = verdict_of(place.read_bytes())
    assert verdict.counts is not None
    assert verdict.counts.parameters == 20 * 8 + 4 * 8 + 1
    assert {t.name for t in verdict.tensors} >= {"norm.num_batches_tracked", "norm.weight"}


def test_bytes_add_up() -> None:
    content = save({"w": np.zeros((4, 4), np.float32), "b": np.zeros(4, np.float16)})
    with_weights = verdict_of(content).counts
    alone = python_verdict({}).counts
    assert with_weights is not None
    assert alone is not None
    name = len("weights.safetensors")
    assert with_weights.artifact_bytes == alone.artifact_bytes + len(content) + name


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "safetensors_malformed"),
        (b"\0" * 7, "safetensors_malformed"),
        (struct.pack("<Q", 2**63), "safetensors_header_too_large"),
        (struct.pack("<Q", 1000) + b"{}", "safetensors_malformed"),
        (safetensors_bytes(b"[]"), "safetensors_malformed"),
        (safetensors_bytes(b" {}"), "safetensors_malformed"),
        (safetensors_bytes(b"{"), "safetensors_malformed"),
        (safetensors_bytes(b'{"a":' * 10_000), "safetensors_malformed"),
        (safetensors_bytes(b'{"\\ud800": 1}'), "safetensors_malformed"),
        (safetensors_bytes(b'{"a": NaN}'), "safetensors_malformed"),
        (safetensors_bytes(b'{"a": ' + b"9" * 5000 + b"}"), "safetensors_malformed"),
        (safetensors_bytes(b"{\xff}"), "safetensors_malformed"),
        (safetensors_bytes({"w": 1}), "safetensors_malformed"),
        (safetensors_bytes({"w": {**_F32, "more": 1}}, b"\0" * 8), "safetensors_malformed"),
        (safetensors_bytes({"w": {**_F32, "dtype": "F33"}}, b"\0" * 8), "safetensors_malformed"),
        (safetensors_bytes({"w": {**_F32, "dtype": ["F32"]}}, b"\0" * 8), "safetensors_malformed"),
        (safetensors_bytes({"w": {**_F32, "shape": [-2]}}, b"\0" * 8), "safetensors_malformed"),
        (safetensors_bytes({"w": {**_F32, "shape": [2.0]}}, b"\0" * 8), "safetensors_malformed"),
        (safetensors_bytes({"w": {**_F32, "shape": [True]}}, b"\0" * 8), "safetensors_malformed"),
        (safetensors_bytes({"w": {**_F32, "shape": [2**62, 4]}}), "safetensors_malformed"),
        (safetensors_bytes({"w": {**_F32, "shape": [1] * 65}}), "safetensors_malformed"),
        (safetensors_bytes({"w": {**_F32, "data_offsets": [8, 0]}}), "safetensors_malformed"),
        (safetensors_bytes({"w": {**_F32, "data_offsets": [0]}}), "safetensors_malformed"),
        (safetensors_bytes({"w": _F32}, b"\0" * 7), "safetensors_malformed"),
        (safetensors_bytes({"w": _F32}, b"\0" * 9), "safetensors_gap"),
        (safetensors_bytes({}, b"\0"), "safetensors_gap"),
        (safetensors_bytes({"__metadata__": {"a": 1}}), "safetensors_malformed"),
        (safetensors_bytes({"__metadata__": []}), "safetensors_malformed"),
        (safetensors_bytes({"": _F32}, b"\0" * 8), "safetensors_name_too_long"),
        (safetensors_bytes({"w": {**_F32, "shape": [2, 0]}}), "zero_size_tensor"),
        (safetensors_bytes({"w": {**_F32, "shape": [3]}}, b"\0" * 8), "safetensors_size_mismatch"),
        (
            safetensors_bytes({"w": {**_F32, "dtype": "F64", "shape": [1]}}, b"\0" * 8),
            "dtype_not_allowed",
        ),
        (
            safetensors_bytes({"w": {**_F32, "dtype": "C64", "shape": [1]}}, b"\0" * 8),
            "dtype_not_allowed",
        ),
    ],
)
def test_refuses_what_is_not_plain(content: bytes, code: str) -> None:
    assert codes(verdict_of(content)) == [code]


@pytest.mark.parametrize("spaces", [0, 7, 8])
def test_padding_of_real_writers_is_accepted(spaces: int) -> None:
    header = b'{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}' + b" " * spaces
    assert verdict_of(safetensors_bytes(header, b"\0" * 8)).accepted


def test_the_limit_on_the_header_grows_with_its_tensors() -> None:
    """A thousand tensors with long names are honest; the same bytes for one tensor are not."""
    name = "x" * 200
    many = {
        f"{name}{i:04}": {"dtype": "U8", "shape": [1], "data_offsets": [i, i + 1]}
        for i in range(1000)
    }
    assert verdict_of(safetensors_bytes(many, b"\0" * 1000)).accepted
    one = safetensors_bytes({"w": {**_F32, "more": ["y" * 300] * 300}}, b"\0" * 8)
    assert codes(verdict_of(one)) == ["safetensors_header_too_large"]


def test_a_file_that_opens_like_a_pickle_is_not_taken_for_one() -> None:
    """A header of 0x280 bytes gives a safetensors file the first bytes of a pickle."""
    header = b'{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"__metadata__":{"a":"'
    header += b"x" * (0x280 - len(header) - 3) + b'"}}'
    content = safetensors_bytes(header, b"\0" * 8)
    assert content[:2] == b"\x80\x02"
    assert verdict_of(content).accepted
    assert codes(verdict_of(content + b"\0")) == ["safetensors_gap"]


def test_a_hundred_thousand_keys_are_refused_quickly() -> None:
    """A search for the key that is there twice must not cost the square of their number."""
    keys = b",".join(b'"%d":0' % number for number in range(200_000))
    content = safetensors_bytes(b'{"__metadata__":{' + keys + b',"0":0}}')
    assert codes(verdict_of(content)) == ["safetensors_duplicate_key"]


def test_ten_gigabytes_are_inspected_by_their_header(tmp_path: Path) -> None:
    """As many tensors as a Llama of 32 layers has; nothing behind the header is read."""
    tensors, size = 300, 10 * 1024**3 // 300 // 4 * 4
    header = safetensors_bytes(
        {
            f"model.layers.{number}.weight": {
                "dtype": "F32",
                "shape": [size // 4],
                "data_offsets": [number * size, (number + 1) * size],
            }
            for number in range(tensors)
        }
    )
    place = tmp_path / "weights.safetensors"
    with place.open("wb") as stream:
        stream.write(header)
        stream.truncate(len(header) + tensors * size)
    weights = CountedFile("weights.safetensors", place)
    verdict = inspect_artifact([MemoryFile("model.py", MODEL_SOURCE), weights], format="python")
    assert verdict.counts is not None
    assert verdict.counts.parameters == tensors * size // 4
    assert sum(weights.reads) == len(header)
