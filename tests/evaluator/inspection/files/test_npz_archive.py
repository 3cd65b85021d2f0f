"""Our reader of .npz archives against NumPy, and against archives made to deceive."""

import io
import struct
import warnings
import zipfile

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.inspection.limits import NPZ_RATIO_FREE_BYTES
from tests.evaluator.inspection.artifacts import codes, python_verdict


def npz(compressed: bool = False, **arrays: np.ndarray) -> bytes:
    stream = io.BytesIO()
    # The keywords are the arrays' names; the type hints take them for options.
    (np.savez_compressed if compressed else np.savez)(stream, **arrays)  # type: ignore[arg-type]
    return stream.getvalue()


def zipped(
    members: list[tuple[str, bytes]], method: int = zipfile.ZIP_STORED, comment: bytes = b""
) -> bytes:
    stream = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w", method) as archive:
        warnings.simplefilter("ignore", UserWarning)  # of duplicate names
        for name, content in members:
            # Without a time of day, or the test's name would differ from one process to another.
            archive.writestr(zipfile.ZipInfo(name), content, archive.compression)
        archive.comment = comment
    return stream.getvalue()


def array_bytes(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


ARRAY = array_bytes(np.arange(6, dtype=np.float32))


@settings(deadline=None)
@given(
    st.dictionaries(
        st.from_regex(r"[a-z_][a-z0-9_.]{0,8}[a-z0-9]", fullmatch=True).filter(
            lambda name: name != "file" and not name.endswith(("pkl", "pickle"))
        ),
        st.tuples(
            st.sampled_from(["<f4", "<f2", "|i1", "<i8"]),
            st.lists(st.integers(1, 5), max_size=3).map(tuple),
        ),
        max_size=6,
    ),
    st.booleans(),
)
def test_sees_what_numpy_wrote(
    described: dict[str, tuple[str, tuple[int, ...]]], compressed: bool
) -> None:
    arrays = {name: np.zeros(shape, dtype) for name, (dtype, shape) in described.items()}
    verdict = python_verdict({"w.npz": npz(compressed, **arrays)})
    assert verdict.accepted, verdict.refusals
    assert {(t.name, t.shape, t.size) for t in verdict.tensors} == {
        (name, array.shape, array.nbytes) for name, array in arrays.items()
    }


def test_reads_what_numpy_streams() -> None:
    """Written to a pipe, an archive keeps its sizes behind each member."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.content = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            piece = bytes(data)  # type: ignore[call-overload]
            self.content += piece
            return len(piece)

    pipe = Pipe()
    np.savez(pipe, a=np.zeros(3, np.float32), b=np.zeros(2, np.int8))
    verdict = python_verdict({"w.npz": bytes(pipe.content)})
    assert verdict.counts is not None
    assert verdict.counts.parameters == 3 + 4


@pytest.mark.parametrize("name", ["dense/kernel:0", "kernel:0"])
def test_names_of_tensorflow_are_plain_in_an_archive(name: str) -> None:
    verdict = python_verdict({"w.npz": npz(compressed=False, **{name: np.zeros(3, np.float32)})})
    assert [tensor.name for tensor in verdict.tensors] == [name]
    assert codes(python_verdict({f"{name}.npy": ARRAY})) != []


def test_compression_buys_nothing() -> None:
    zeros = np.zeros(10_000, np.float32)
    stored = python_verdict({"w.npz": npz(a=zeros)}).counts
    deflated = python_verdict({"w.npz": npz(compressed=True, a=zeros)}).counts
    assert stored == deflated


def test_junk_behind_a_compressed_stream_is_counted() -> None:
    """A member may claim more packed bytes than its stream takes; none of them is free."""
    noise = np.random.default_rng(0).integers(0, 256, 4000).astype(np.uint8).tobytes()
    small = array_bytes(np.zeros(1, np.float32))
    content = zipped([("a.npy", small)], zipfile.ZIP_DEFLATED)
    packed = struct.unpack_from("<L", content, 18)[0]
    at = 30 + len("a.npy") + packed
    directory = bytearray(content[at:])
    struct.pack_into("<L", directory, 20, packed + len(noise))
    end = len(directory) - 22
    struct.pack_into("<L", directory, end + 16, at + len(noise))
    local = bytearray(content[:at])
    struct.pack_into("<L", local, 18, packed + len(noise))
    stuffed = bytes(local) + noise + bytes(directory)
    plain = python_verdict({"w.npz": content}).counts
    counted = python_verdict({"w.npz": stuffed}).counts
    assert plain is not None
    assert counted is not None
    assert counted.side_bytes - plain.side_bytes >= len(noise) - len(small)


def test_a_bomb_is_refused_and_zeros_are_not() -> None:
    size = NPZ_RATIO_FREE_BYTES + 4096
    assert python_verdict({"w.npz": npz(compressed=True, a=np.zeros(1000, np.float32))}).accepted
    bomb = npz(compressed=True, a=np.zeros(size, np.uint8))
    assert codes(python_verdict({"w.npz": bomb})) == ["archive_bomb"]


def overlapping() -> bytes:
    """Two entries of the directory that share one member."""
    content = zipped([("a.npy", ARRAY)])
    at = 30 + len("a.npy") + len(ARRAY)
    entry, end = content[at:-22], bytearray(content[-22:])
    struct.pack_into("<HHLL", end, 8, 2, 2, 2 * len(entry), at)
    return content[:at] + entry * 2 + bytes(end)


def patched(content: bytes, offset: int, value: int, code: str = "<H") -> bytes:
    changed = bytearray(content)
    struct.pack_into(code, changed, offset, value)
    return bytes(changed)


GOOD = zipped([("a.npy", ARRAY)])
DIRECTORY = len(GOOD) - 22 - 46 - len("a.npy")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "npz_malformed"),
        (b"PK\x05\x06" + b"\0" * 17, "npz_malformed"),
        (GOOD[:-1], "npz_malformed"),
        (GOOD + b"\0", "npz_malformed"),
        (b"\0" + GOOD, "npz_malformed"),
        (zipped([("a.npy", ARRAY)], comment=b"hidden"), "npz_malformed"),
        (zipped([("a.npy", ARRAY)], zipfile.ZIP_BZIP2), "npz_malformed"),
        (overlapping(), "npz_malformed"),
        (patched(GOOD, DIRECTORY + 8, 1), "npz_malformed"),  # encrypted
        (patched(GOOD, 26, 0xFFFF), "npz_malformed"),  # a name outside of the file
        (patched(GOOD, 8, 8), "npz_malformed"),  # two methods
        (patched(GOOD, DIRECTORY + 42, 2**31, "<L"), "npz_malformed"),
        (patched(GOOD, DIRECTORY + 20, 2**32 - 1, "<L"), "npz_malformed"),
        (GOOD[:40], "npz_malformed"),
        (zipped([("a.npy", ARRAY), ("a.npy", ARRAY)]), "npz_member"),
        (zipped([("a.txt", b"hello")]), "npz_member"),
        (zipped([("../a.npy", ARRAY)]), "npz_member"),
        (zipped([("/a.npy", ARRAY)]), "npz_member"),
        (zipped([("archive/data.pkl", b"\x80\x02.")]), "pickle"),
        (zipped([("a.npy", b"\x80\x02.")]), "npy_malformed"),
        (zipped([("a.npy", ARRAY[:-1])]), "npy_size_mismatch"),
        (npz(a=np.array([{}], dtype=object)), "pickle"),
    ],
)
def test_refuses_what_numpy_does_not_write(content: bytes, code: str) -> None:
    assert codes(python_verdict({"w.npz": content})) == [code]


def test_a_torch_file_is_a_pickle_under_any_name() -> None:
    stream = io.BytesIO()
    torch.save({"w": torch.zeros(3)}, stream)
    for name in ("w.npz", "w.npy", "w.safetensors", "w.txt", "w.json", "w.pt", "w.xyz"):
        assert codes(python_verdict({name: stream.getvalue()})) == ["pickle"], name


def test_a_damaged_stream_is_refused() -> None:
    content = bytearray(zipped([("a.npy", ARRAY * 3)], zipfile.ZIP_DEFLATED))
    content[35:45] = b"\xff" * 10
    assert codes(python_verdict({"w.npz": bytes(content)})) == ["npz_malformed"]
