"""What the pages show works, and what they say is so."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import typer
from typer.core import TyperGroup

from client.cli import app
from evaluator.inspection import first_fitting, folder_files, inspect_artifact
from minigiants.competitions.pack_folder import read_pack

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_code_of_the_overview_makes_a_model_that_fits(
    pack: Path, built: Path, tmp_path: Path
) -> None:
    blocks = FENCE.findall((pack / "pages/overview.md").read_text())
    (code,) = [text for language, text in blocks if language == "python"]
    (tmp_path / "digits").mkdir()
    (tmp_path / "digits/public").symlink_to(built / "public")
    subprocess.run([sys.executable, "-I", "-c", code], cwd=tmp_path, check=True, timeout=120)
    model = tmp_path / "model"
    verdict = inspect_artifact(folder_files(model), format="onnx")
    assert verdict.counts is not None
    spec = read_pack(pack).spec
    assert first_fitting(verdict.counts, [division.budget for division in spec.divisions]) == 0
    session = onnxruntime.InferenceSession(model / "model.onnx")
    inputs = np.load(built / "public/smoke.npy")
    assert session.run(None, {"images": inputs})[0].shape == (32, 10)


def test_the_commands_of_the_overview_are_commands(
    pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model").mkdir()
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    blocks = FENCE.findall((pack / "pages/overview.md").read_text())
    lines = [line for language, text in blocks if language == "sh" for line in text.splitlines()]
    commands = [shlex.split(line)[1:] for line in lines if line.startswith("minigiants ")]
    assert [name for name, *_ in commands] == ["login", "rules", "data", "check", "submit"]
    for name, *arguments in commands:
        group.commands[name].make_context(name, list(arguments))  # raises for what is unknown


def test_the_table_of_budgets_is_the_packs(pack: Path) -> None:
    overview = (pack / "pages/overview.md").read_text()
    for division in read_pack(pack).spec.divisions:
        budget = division.budget
        assert budget.side_bytes is not None
        assert (
            f"| {division.slug} | {budget.parameters:,} | {budget.tensor_bits:,} bits "
            f"| {budget.side_bytes // 1024} KiB |"
        ) in overview


def test_the_data_page_names_every_public_file(pack: Path) -> None:
    page = (pack / "pages/data.md").read_text()
    for path in read_pack(pack).spec.data.public:
        assert f"`{path}`" in page
