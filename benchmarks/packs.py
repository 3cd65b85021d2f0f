"""The pack `digits` with limits that let a benchmark work."""

import shutil
from pathlib import Path
from typing import Any

import yaml

PACK = Path(__file__).resolve().parents[1] / "competitions" / "digits"


def changed_pack(
    folder: Path, *, quota: dict[str, Any] | None = None, upload: dict[str, Any] | None = None
) -> Path:
    """A copy of the pack in `folder`, with another quota in each phase and other upload limits."""
    pack = folder / PACK.name
    shutil.copytree(PACK, pack)
    specification = yaml.safe_load((pack / "competition.yaml").read_text())
    for phase in specification["phases"]:
        phase["quota"] |= quota or {}
    specification["upload"] |= upload or {}
    (pack / "competition.yaml").write_text(yaml.safe_dump(specification, sort_keys=False))
    return folder
