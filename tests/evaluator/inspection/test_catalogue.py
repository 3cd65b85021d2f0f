"""Every code of the catalogue is produced by an artifact, and says what to do."""

import io
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from evaluator.inspection import (
    CATALOGUE,
    Budget,
    Refusal,
    RefusalCode,
    Refused,
    folder_files,
    inspect_artifact,
    limits,
)
from evaluator.inspection.judgement import DivisionBudget, judge
from tests.evaluator.inspection.artifacts import (
    MODEL_SOURCE,
    MemoryFile,
    memory_files,
    onnx_model,
    onnx_verdict,
    python_verdict,
    safetensors_bytes,
)
from tests.evaluator.inspection.checkpoints import checkpoint, verdict_on
from tests.evaluator.inspection.onnx.protobuf_bytes import chunk, float_tensor, model_of, number
from tests.evaluator.inspection.onnx.test_hostile_models import external, nested, two_places

Produce = Callable[[Path], tuple[Refusal, ...]]


def python(files: Mapping[str, bytes]) -> Produce:
    return lambda _: python_verdict(files).refusals


def weights(content: bytes, name: str = "w.safetensors") -> Produce:
    return python({name: content})


def model(content: onnx.ModelProto | bytes, files: Mapping[str, bytes] | None = None) -> Produce:
    return lambda _: onnx_verdict(content, files).refusals


def saved(files: Mapping[str, bytes]) -> Produce:
    return lambda _: verdict_on(checkpoint(files=files)).refusals


def table(file: MemoryFile) -> Produce:
    return lambda _: inspect_artifact([file], format="predictions").refusals


def placed(entries: list[tuple[str, str]]) -> Produce:
    return lambda _: external(entries, {"w.data": bytes(16)}).refusals


def of_folder(make: Callable[[Path], object]) -> Produce:
    def produce(folder: Path) -> tuple[Refusal, ...]:
        make(folder)
        with pytest.raises(Refused) as refused:
            folder_files(folder)
        return (refused.value.refusal,)

    return produce


def judged(formats: list[str], parameters: int) -> Produce:
    division = DivisionBudget(slug="tiny", title="Tiny", budget=Budget(parameters=parameters))
    verdict = python_verdict({"w.npy": npy(np.zeros(100, np.float32))})
    return lambda _: judge(verdict, formats=formats, divisions=[division]).refusals


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


def npz(**arrays: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]
    return stream.getvalue()


def entry(start: int, end: int, **fields: Any) -> dict[str, object]:
    return {"dtype": "U8", "shape": [end - start], "data_offsets": [start, end], **fields}


CASES: dict[RefusalCode, Produce] = {
    RefusalCode.UNKNOWN_FORMAT: lambda _: inspect_artifact([], format="gguf").refusals,
    RefusalCode.MISSING_MODEL: lambda _: (
        inspect_artifact(memory_files({"a.txt": b""}), format="onnx").refusals
    ),
    RefusalCode.FORMAT_NOT_ACCEPTED: judged(["onnx"], 1000),
    RefusalCode.OVER_BUDGET: judged(["python"], 99),
    RefusalCode.TOO_MANY_FILES: python({f"{i}.txt": b"" for i in range(limits.MAX_FILES)}),
    RefusalCode.PATH_EMPTY: python({"a//b.txt": b""}),
    RefusalCode.PATH_CLIMBS: python({"../b.txt": b""}),
    RefusalCode.PATH_ABSOLUTE: python({"/etc/passwd": b""}),
    RefusalCode.PATH_TOO_LONG: python({"x" * 300: b""}),
    RefusalCode.PATH_ODD_CHARACTERS: python({"a\\b.txt": b""}),
    RefusalCode.PATH_DUPLICATE: python({"a.txt": b"", "A.txt": b""}),
    RefusalCode.HIDDEN_FILE: python({".env": b""}),
    RefusalCode.LINK: of_folder(lambda folder: (folder / "a").symlink_to("/etc/passwd")),
    RefusalCode.SPECIAL_FILE: of_folder(lambda folder: os.mkfifo(folder / "a")),
    RefusalCode.UNKNOWN_FILE_KIND: python({"a.xyz": b"text"}),
    RefusalCode.PICKLE: python({"a.txt": b"\x80\x04N."}),
    RefusalCode.NATIVE_CODE: python({"a.json": b"\x7fELF\x02\x01\x01\0"}),
    RefusalCode.NESTED_ARCHIVE: python({"a.md": b"\x1f\x8b\x08\0\0"}),
    RefusalCode.FILE_TRUNCATED: lambda _: (
        inspect_artifact(
            [MemoryFile("model.py", MODEL_SOURCE, declared=1000)], format="python"
        ).refusals
    ),
    RefusalCode.TEXT_MALFORMED: python({"a.txt": b"caf\xe9"}),
    RefusalCode.TEXT_TOO_LARGE: python({"a.txt": b" " * (limits.MAX_TEXT_BYTES + 1)}),
    RefusalCode.SOURCE_TOO_LARGE: python({"a.py": b" " * limits.MAX_SOURCE_BYTES}),
    RefusalCode.DTYPE_NOT_ALLOWED: weights(
        safetensors_bytes({"w": entry(0, 8, dtype="F64", shape=[1])}, bytes(8))
    ),
    RefusalCode.ZERO_SIZE_TENSOR: weights(safetensors_bytes({"w": entry(0, 0)})),
    RefusalCode.SAFETENSORS_MALFORMED: weights(b"no file"),
    RefusalCode.SAFETENSORS_HEADER_TOO_LARGE: weights(
        safetensors_bytes({"__metadata__": {"a": "x" * 70_000}})
    ),
    RefusalCode.SAFETENSORS_DUPLICATE_KEY: weights(
        safetensors_bytes(b'{"__metadata__":{"a":"1","a":"2"}}')
    ),
    RefusalCode.SAFETENSORS_NAME_TOO_LONG: weights(
        safetensors_bytes({"x" * 257: entry(0, 1)}, b"\0")
    ),
    RefusalCode.SAFETENSORS_METADATA_TOO_LARGE: weights(
        safetensors_bytes({"__metadata__": {"a": "x" * 4096}})
    ),
    RefusalCode.SAFETENSORS_PADDING: weights(safetensors_bytes(b"{}" + b" " * 9)),
    RefusalCode.SAFETENSORS_GAP: weights(safetensors_bytes({"w": entry(1, 2)}, b"\0\0")),
    RefusalCode.SAFETENSORS_OVERLAP: weights(
        safetensors_bytes({"a": entry(0, 2), "b": entry(1, 3)}, b"\0" * 3)
    ),
    RefusalCode.SAFETENSORS_SIZE_MISMATCH: weights(
        safetensors_bytes({"w": entry(0, 2, shape=[3])}, b"\0" * 2)
    ),
    RefusalCode.NPY_MALFORMED: weights(b"no array", "a.npy"),
    RefusalCode.NPY_SIZE_MISMATCH: weights(npy(np.zeros(3, np.float32)) + b"\0", "a.npy"),
    RefusalCode.NPZ_MALFORMED: weights(npz(a=np.zeros(3, np.float32)) + b"\0", "a.npz"),
    RefusalCode.NPZ_MEMBER: weights(npz(**{"../a": np.zeros(3, np.float32)}), "a.npz"),
    RefusalCode.ARCHIVE_BOMB: weights(npz(a=np.zeros(2**25, np.uint8)), "a.npz"),
    RefusalCode.ONNX_MALFORMED: model(b"no model"),
    RefusalCode.ONNX_UNKNOWN_FIELD: model(model_of(number(99, 1))),
    RefusalCode.ONNX_REPEATED_FIELD: model(model_of(more=number(1, 10))),
    RefusalCode.ONNX_TOO_DEEP: model(nested(limits.ONNX_MAX_DEPTH + 1)),
    RefusalCode.ONNX_TOO_COMPLEX: model(
        model_of(chunk(5, chunk(5, bytes(limits.ONNX_MAX_SCANNED_BYTES + 1))))
    ),
    RefusalCode.ONNX_TOO_LARGE: lambda _: (
        inspect_artifact([MemoryFile("model.onnx", b"", declared=2**31)], format="onnx").refusals
    ),
    RefusalCode.ONNX_UNKNOWN_DOMAIN: model(
        onnx_model(nodes=[helper.make_node("PythonOp", [], ["y"], domain="com.microsoft")])
    ),
    RefusalCode.ONNX_RANDOM: model(onnx_model(nodes=[helper.make_node("Bernoulli", ["x"], ["y"])])),
    RefusalCode.ONNX_TENSOR_MISMATCH: model(
        onnx_model([TensorProto(data_type=TensorProto.FLOAT, dims=[3], raw_data=b"\0" * 8)])
    ),
    RefusalCode.ONNX_EXTERNAL_DATA_OUTSIDE: placed([("location", "../../etc/passwd")]),
    RefusalCode.ONNX_EXTERNAL_DATA_MISSING: placed([("location", "elsewhere.data")]),
    RefusalCode.ONNX_EXTERNAL_DATA_RANGE: placed([("location", "w.data"), ("offset", "12")]),
    RefusalCode.ONNX_EXTERNAL_DATA_OVERLAP: lambda _: two_places(0, 4).refusals,
    RefusalCode.ONNX_EXTERNAL_DATA_MALFORMED: placed([("offset", "0")]),
    RefusalCode.JSON_MALFORMED: saved({"generation_config.json": b"{"}),
    RefusalCode.JSON_DUPLICATE_KEY: saved({"generation_config.json": b'{"a":1,"a":2}'}),
    RefusalCode.JSON_TOO_COMPLEX: saved({"generation_config.json": b'{"a":' + b"[" * 32}),
    RefusalCode.TRANSFORMERS_CONFIG_MALFORMED: saved({"config.json": b"{}"}),
    RefusalCode.TRANSFORMERS_CODE: saved({"modeling.py": b""}),
    RefusalCode.TRANSFORMERS_TEMPLATE: saved({"chat_template.jinja": b""}),
    RefusalCode.TRANSFORMERS_TOKENIZER: saved({"tokenizer.model": b""}),
    RefusalCode.TRANSFORMERS_QUANTIZATION: lambda _: (
        verdict_on(checkpoint(config={"quantization_config": {"quant_method": "aqlm"}})).refusals
    ),
    RefusalCode.TRANSFORMERS_WEIGHTS: saved({"other.safetensors": b""}),
    RefusalCode.TRANSFORMERS_INDEX: saved(
        {"model.safetensors.index.json": b'{"weight_map":{"w":"model.safetensors"}}'}
    ),
    RefusalCode.PREDICTIONS_MALFORMED: table(MemoryFile("predictions.csv", b"label\n")),
    RefusalCode.PREDICTIONS_PARQUET: table(MemoryFile("predictions.parquet", b"PAR1")),
    RefusalCode.PREDICTIONS_TOO_LARGE: table(
        MemoryFile("predictions.csv", b"", declared=limits.MAX_PREDICTIONS_BYTES + 1)
    ),
}


@pytest.mark.parametrize("code", list(RefusalCode))
def test_every_code_has_an_artifact_that_it_refuses(code: RefusalCode, tmp_path: Path) -> None:
    (refusal,) = CASES[code](tmp_path)
    assert refusal.code == code
    assert refusal.why == CATALOGUE[code].why
    assert refusal.mend == CATALOGUE[code].mend


CODES = {code.value for code in RefusalCode}
FIELDS_IN_THE_DOCUMENTATION = {
    *("architectures", "auto_map", "custom_pipelines", "model_type", "trust_remote_code"),
}


def test_the_catalogue_has_every_code() -> None:
    assert set(CATALOGUE) == set(RefusalCode)


def test_the_documentation_has_every_code_and_no_other() -> None:
    page = (Path(__file__).parents[3] / "docs" / "inspection.md").read_text("utf-8")
    refused = page[page.index("## What is refused") :]
    told = {name for name in re.findall(r"`([a-z_]+)`", refused) if "_" in name or name in CODES}
    assert told - FIELDS_IN_THE_DOCUMENTATION == CODES


@pytest.mark.parametrize("code", list(RefusalCode))
def test_refusals_are_plain_sentences(code: RefusalCode, tmp_path: Path) -> None:
    (refusal,) = CASES[code](tmp_path)
    for sentence in (refusal.what, refusal.why, refusal.mend):
        assert sentence.endswith(".")
        assert sentence.isprintable()
        assert sentence[0].isupper() or sentence.startswith((refusal.path, "__metadata__", "“"))


def test_a_header_of_plain_floats_is_no_case() -> None:
    """The helpers that make the cases make accepted artifacts too."""
    assert python_verdict({"w.safetensors": safetensors_bytes({"w": entry(0, 1)}, b"\0")}).accepted
    assert onnx_verdict(model_of(chunk(5, float_tensor()))).accepted
    assert external([("location", "w.data")], {"w.data": bytes(8)}).accepted
    assert verdict_on(checkpoint()).accepted
