"""The packs that are measured: `digits` with limits that let a benchmark work, and made ones."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

PACK = Path(__file__).resolve().parents[1] / "competitions" / "digits"
BUILDER = """\
import shutil
import sys
from pathlib import Path

shutil.copytree(Path(__file__).parent / "data", sys.argv[1], dirs_exist_ok=True)
"""


def changed_pack(
    folder: Path, *, quota: dict[str, Any] | None = None, upload: dict[str, Any] | None = None
) -> Path:
    """A copy of the pack in `folder`, with another quota in each phase and other upload limits."""
    pack = folder / PACK.name
    shutil.copytree(PACK, pack)
    specification = _specification(pack)
    for phase in specification["phases"]:
        phase["quota"] |= quota or {}
    specification["upload"] |= upload or {}
    _write(pack, specification)
    return folder


def made_pack(
    folder: Path,
    slug: str,
    *,
    sections: Mapping[str, Any],
    data: Mapping[str, bytes],
    model: Path,
    quota: Mapping[str, Any],
) -> Path:
    """A pack in `folder` whose data files are `data`, by path, and whose one baseline is `model`.

    `sections` replace those of the pack `digits`.
    """
    pack = folder / slug
    shutil.copytree(PACK, pack, ignore=shutil.ignore_patterns("baselines", "source"))
    specification = _specification(pack) | dict(sections)
    for phase in specification["phases"]:
        phase["quota"] |= quota
    specification["baselines"] = [
        {"folder": "baselines/first", "title": "The first", "score": 0.0, "tolerance": 1e9}
    ]
    _write(pack, specification)
    (pack / "build_data.py").write_text(BUILDER)
    for name, content in data.items():
        file = pack / "data" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    shutil.copytree(model, pack / "baselines" / "first" / "artifact")
    return folder


def _specification(pack: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((pack / "competition.yaml").read_text())
    return loaded


def _write(pack: Path, specification: Mapping[str, Any]) -> None:
    text = yaml.safe_dump(dict(specification), sort_keys=False)
    (pack / "competition.yaml").write_text(text)
