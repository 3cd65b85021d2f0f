"""The format `python`: source, text and weights, and what may not be among them."""

import lzma

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.inspection import inspect_artifact
from tests.evaluator.inspection.artifacts import (
    MODEL_SOURCE,
    codes,
    memory_files,
    python_verdict,
)


def test_source_counts_as_xz_takes_it() -> None:
    source = b"".join(b"value_%d = %d\n" % (i, i * i) for i in range(5000))
    verdict = python_verdict({"constants.py": source})
    assert verdict.counts is not None
    packed = len(lzma.compress(source + b"\0" + MODEL_SOURCE + b"\0"))
    assert abs(verdict.counts.side_bytes - len("constants.py") - packed) < 64
    assert verdict.counts.side_bytes < len(source) / 3
    assert verdict.counts.parameters == verdict.counts.tensor_bits == 0


def test_numbers_written_in_source_are_side_bytes() -> None:
    """Source can carry weights as text, and then the cap on side bytes must meet them."""
    import random

    noise = random.Random(0).randbytes(60_000).hex().encode()
    plain, carrying = python_verdict({}).counts, python_verdict({"w.py": b"W='" + noise + b"'"})
    assert plain is not None
    assert carrying.counts is not None
    assert carrying.counts.side_bytes > plain.side_bytes + 55_000


def test_text_counts_byte_for_byte_and_so_do_names() -> None:
    alone = python_verdict({}).counts
    beside = python_verdict({"a/config.json": b'{"a": 1}', "vocab.txt": b"x" * 1000}).counts
    assert alone is not None
    assert beside is not None
    named = len("a/config.json") + len("vocab.txt")
    assert beside.side_bytes == alone.side_bytes + named + 8 + 1000


@pytest.mark.parametrize(
    ("path", "content", "code"),
    [
        ("w.pt", b"", "pickle"),
        ("w.pkl", b"text", "pickle"),
        ("w.bin", b"\0" * 10, "pickle"),
        ("w.joblib", b"\x80\x05N.", "pickle"),
        ("sneaky.json", b"\x80\x02}q\x00.", "pickle"),
        ("sneaky.py", b"\x80\x03N.", "pickle"),
        ("sneaky.npy", b"\x80\x04N.", "pickle"),
        ("sneaky.safetensors", b"\x80\x04\x95\x02\0\0\0\0\0\0\0N.", "pickle"),
        ("library.so", b"\x7fELF\x02", "native_code"),
        ("library.txt", b"\x7fELF\x02\xff", "native_code"),
        ("__pycache__/model.cpython-311.pyc", b"\xa7\r\r\n", "native_code"),
        ("library.dll", b"MZ\x90\0", "native_code"),
        ("more.zip", b"PK\x03\x04", "nested_archive"),
        ("more.tar", b"\0" * 257 + b"ustar", "nested_archive"),
        ("more.json", b"PK\x03\x04\x14\0", "nested_archive"),
        ("more.txt", b"\xfd7zXZ\0\0", "nested_archive"),
        ("tokenizer.model", b"\n\x0e", "unknown_file_kind"),
        ("run.sh", b"#!/bin/sh", "unknown_file_kind"),
        ("Makefile", b"all:", "unknown_file_kind"),
        ("MODEL.PY2", b"x", "unknown_file_kind"),
        ("data.csv", b"1,2", "unknown_file_kind"),
        ("a.txt", b"a\0b", "text_malformed"),
        ("a.py", b"x = '\xff'", "text_malformed"),
        ("a.json", "text".encode("utf-16"), "text_malformed"),
    ],
)
def test_other_files_are_refused_as_what_they_are(path: str, content: bytes, code: str) -> None:
    assert codes(python_verdict({path: content})) == [code]


@pytest.mark.parametrize("start", ["MZ", "BZh", "PK", "Rar!"])
def test_text_is_not_taken_for_a_program_by_its_first_letters(start: str) -> None:
    assert python_verdict({"a.txt": start.encode() + b" is how this text starts"}).accepted


def test_every_bad_file_is_named_at_once() -> None:
    verdict = python_verdict({"a.so": b"", "b.pt": b"", "c.npy": b"", "d.json": b"{}"})
    assert [(refusal.path, refusal.code) for refusal in verdict.refusals] == [
        ("a.so", "native_code"),
        ("b.pt", "pickle"),
        ("c.npy", "npy_malformed"),
    ]
    assert verdict.counts is None
    assert verdict.tensors == ()


def test_a_model_in_a_subfolder_is_missing() -> None:
    verdict = inspect_artifact(memory_files({"net/model.py": MODEL_SOURCE}), format="python")
    assert codes(verdict) == ["missing_model"]


@settings(deadline=None)
@given(
    st.sampled_from(["w.safetensors", "w.npy", "w.npz", "a.json", "a.py", "a.bin"]),
    st.binary(max_size=400),
)
def test_any_content_has_a_verdict(path: str, content: bytes) -> None:
    verdict = python_verdict({path: content})
    assert verdict.accepted is (verdict.counts is not None)
