"""A small pack on disk that publishes, for tests to change."""

from collections.abc import Callable
from pathlib import Path

import pytest

SPECIFICATION = """\
title: Tiny
tagline: A tiny competition
licence:
  name: CC0-1.0
  url: https://creativecommons.org/publicdomain/zero/1.0/
task:
  type: classification
  settings:
    classes: 2
    input:
      shape: [2]
metrics:
  - name: accuracy
    title: Accuracy
  - name: f1_macro
    title: Macro F1
formats: [onnx]
divisions:
  - slug: small
    title: Small
    budget:
      parameters: 100
  - slug: large
    title: Large
    budget:
      parameters: 1000
phases:
  - slug: first
    title: First
    opens: 2026-01-01T00:00:00Z
    closes: 2026-02-01T00:00:00Z
    quota:
      per_day: 5
  - slug: second
    title: Second
    opens: 2026-02-01T00:00:00Z
    closes: 2026-03-01T00:00:00+01:00
    quota:
      per_day: 5
data:
  public: [public/train.csv]
  smoke_inputs: public/smoke.npy
  hidden_inputs: hidden/test.npy
  labels: hidden/labels.csv
baselines:
  - folder: baselines/half
    title: Half
    score: 0.5
"""
BUILDER = """\
import struct
import sys
from pathlib import Path


def npy(*rows):
    shape = f"({len(rows)}, 2)"
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}"
    header += " " * (-(len(header) + 11) % 64) + chr(10)
    data = b"".join(struct.pack("<2f", *row) for row in rows)
    return b"\\x93NUMPY\\x01\\x00" + struct.pack("<H", len(header)) + header.encode() + data


out = Path(sys.argv[1])
files = {
    "public/train.csv": b"id,label,x,y\\nt0,0,1,2\\nt1,1,3,4\\n",
    "public/smoke.npy": npy((1, 2)),
    "hidden/test.npy": npy((5, 6), (7, 8), (9, 10), (11, 12)),
    "hidden/labels.csv": (
        b"id,label,usage\\nh0,0,Public\\nh1,1,Public\\nh2,0,Private\\nh3,1,Private\\n"
    ),
}
for name, content in files.items():
    (out / name).parent.mkdir(exist_ok=True)
    (out / name).write_bytes(content)
"""


@pytest.fixture
def tiny_specification() -> str:
    return SPECIFICATION


@pytest.fixture
def make_pack(tmp_path: Path) -> Callable[..., Path]:
    """Writes a pack; keyword arguments replace its parts."""

    def make(
        slug: str = "tiny", *, specification: str = SPECIFICATION, builder: str = BUILDER
    ) -> Path:
        folder = tmp_path / slug
        (folder / "pages").mkdir(parents=True, exist_ok=True)
        (folder / "baselines/half/artifact").mkdir(parents=True, exist_ok=True)
        (folder / "competition.yaml").write_text(specification)
        (folder / "build_data.py").write_text(builder)
        for page in ("overview", "data", "rules"):
            (folder / f"pages/{page}.md").write_text(f"# The {page}\n")
        return folder

    return make
