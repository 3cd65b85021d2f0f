"""Inputs come in order and in batches, whatever their kind."""

import json
from pathlib import Path

import numpy as np

from evaluator.harness.batches import read_batches


def test_arrays(tmp_path: Path) -> None:
    np.save(tmp_path / "inputs.npy", np.arange(10).reshape(5, 2))
    batches = list(read_batches(tmp_path / "inputs.npy", 2))
    assert [len(batch) for batch in batches] == [2, 2, 1]
    assert np.concatenate([batch.inputs for batch in batches]).tolist() == (
        np.arange(10).reshape(5, 2).tolist()
    )


def test_texts_with_line_ends_of_every_kind_in_them(tmp_path: Path) -> None:
    texts = ["a\u2028b", "c\x85d\r\n", "\x0b\x0c\x1c", "", "猫"]
    lines = [json.dumps({"text": text, "kind": "query"}, ensure_ascii=False) for text in texts]
    (tmp_path / "inputs.jsonl").write_bytes("\n".join(lines).encode())
    batches = list(read_batches(tmp_path / "inputs.jsonl", 3))
    assert [text for batch in batches for text in batch.inputs] == texts
    assert [batch.kinds for batch in batches] == [("query",) * 3, ("query",) * 2]
