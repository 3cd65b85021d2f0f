"""What holds of every reference competition: honest pages, data that workers read, baselines."""

import re
import shlex
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from client.cli import app
from evaluator.contract import Split
from evaluator.inspection import detect_format, first_fitting, folder_files, inspect_artifact
from evaluator.tasks import load_task
from minigiants.competitions.pack import BaselineSpec
from tests.competitions.conftest import BuildPack
from tests.support.reference_packs import ReferencePack, slugs

MOST_WEIGHTS = 4 * 1024**2
MOST_SOURCE = 3 * 1024**2
COMMANDS = {"login", "rules", "data", "check", "score", "submit"}


PACKS = [ReferencePack(slug, built=Path()) for slug in slugs()]
"""All packs, their data not built."""

PACK = pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.slug)
BASELINE = pytest.mark.parametrize(
    ("pack", "baseline"),
    [
        pytest.param(pack, baseline, id=f"{pack.slug}-{Path(baseline.folder).name}")
        for pack in PACKS
        for baseline in pack.spec.baselines
    ],
)


def test_all_are_tested() -> None:
    assert slugs() == ["code-search", "digits", "language-id", "tiny-code-lm"]


@PACK
def test_the_workers_read_the_data(pack: ReferencePack, built_pack: BuildPack) -> None:
    spec, built = pack.spec, built_pack(pack.slug).built
    task = load_task(spec.task)
    examples = task.count_examples(built / str(spec.data.hidden_inputs))
    assert task.count_examples(built / str(spec.data.smoke_inputs)) <= 32
    labels = task.read_labels(built / spec.data.labels, examples)
    assert labels.mask(Split.PUBLIC).sum() >= 128
    assert labels.mask(Split.PRIVATE).sum() >= 128
    assert not (labels.mask(Split.PUBLIC) & labels.mask(Split.PRIVATE)).any()


@PACK
def test_exactly_the_declared_files_are_public(pack: ReferencePack, built_pack: BuildPack) -> None:
    built = built_pack(pack.slug).built
    made = {file.relative_to(built).as_posix() for file in (built / "public").rglob("*")}
    assert made == set(pack.spec.data.public)
    for path in made:
        assert f"`{path}`" in pack.page("data")


@PACK
def test_the_source_says_where_it_is_from(pack: ReferencePack) -> None:
    source = pack.folder / "source"
    told = (source / "README.md").read_text()
    builder = (pack.folder / "build_data.py").read_text()
    digest = re.search(r'^SOURCE_SHA256 = "(\w+)"$', builder, re.MULTILINE)
    assert digest
    assert digest[1] in told
    assert sum(file.stat().st_size for file in source.iterdir()) <= MOST_SOURCE


@PACK
def test_the_commands_of_the_overview_are_commands(
    pack: ReferencePack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model").mkdir()
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    lines = "".join(pack.blocks("overview", "sh")).splitlines()
    commands = [shlex.split(line)[1:] for line in lines if line.startswith("minigiants ")]
    assert COMMANDS - {name for name, *_ in commands} <= {"score"}
    for name, *arguments in commands:
        group.commands[name].make_context(name, list(arguments))  # raises for what is unknown


@PACK
def test_the_table_of_budgets_is_the_packs(pack: ReferencePack) -> None:
    for division in pack.spec.divisions:
        budget = division.budget
        assert budget.side_bytes is not None
        assert (
            f"| {division.slug} | {budget.parameters:,} | {budget.tensor_bits:,} bits "
            f"| {budget.side_bytes // 1024} KiB |"
        ) in pack.page("overview")


@PACK
def test_the_pages_say_that_it_is_a_demonstration(pack: ReferencePack) -> None:
    assert pack.spec.demonstration
    assert "**demonstration**" in pack.page("overview")


@BASELINE
def test_a_baseline_counts_and_says_what_it_is(pack: ReferencePack, baseline: BaselineSpec) -> None:
    folder = pack.folder / baseline.folder
    files = folder_files(folder / "artifact")
    name = detect_format(files)
    assert name in pack.spec.formats
    verdict = inspect_artifact(files, format=str(name))
    assert verdict.refusals == ()
    assert verdict.counts is not None
    assert verdict.counts.artifact_bytes <= MOST_WEIGHTS
    assert first_fitting(verdict.counts, [each.budget for each in pack.spec.divisions]) is not None
    readme = (folder / "README.md").read_text()
    counted = f"{verdict.counts.parameters:,}"
    assert f"| Parameters | {counted} |" in readme
    assert counted in baseline.title
    decimals = pack.spec.metrics[0].decimals
    assert f"public half | {baseline.score:.{decimals}f}" in readme
    assert (folder / "train.py").is_file()


@PACK
def test_every_division_has_a_baseline_that_needs_no_container(pack: ReferencePack) -> None:
    served = set()
    formats = set()
    for baseline in pack.spec.baselines:
        files = folder_files(pack.folder / baseline.folder / "artifact")
        name = str(detect_format(files))
        formats.add(name)
        counts = inspect_artifact(files, format=name).counts
        assert counts is not None
        if name == "onnx":
            served.add(first_fitting(counts, [each.budget for each in pack.spec.divisions]))
    assert served == set(range(len(pack.spec.divisions)))
    assert len(formats) >= 2
