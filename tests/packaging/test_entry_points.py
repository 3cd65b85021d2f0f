"""What a newcomer types: make's targets, the scripts, and the links between the documents."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROMISED = {"install", "up", "down", "status", "test", "lint", "fmt", "bench", "harness-image"}
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def documents() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0:
        return [ROOT / name for name in listed.stdout.splitlines()]
    return [path for path in ROOT.rglob("*.md") if ".venv" not in path.parts]


def test_make_alone_lists_every_target() -> None:
    environment = {"PATH": os.environ["PATH"]}
    done = subprocess.run(
        ["make"], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    told = set(re.findall(r"^  make (\S+) +\S", done.stdout, re.MULTILINE))
    declared = set(re.findall(r"^\.PHONY: (\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert told == declared >= PROMISED


@pytest.mark.parametrize("script", sorted([*(ROOT / "scripts").iterdir(), ROOT / ".ci" / "run"]))
def test_scripts_can_be_run_and_parse(script: Path) -> None:
    assert os.access(script, os.X_OK)
    shell = script.read_text().splitlines()[0].removeprefix("#!").split()[-1]
    if shell == "python3":
        compile(script.read_text(), script, "exec")
    else:
        subprocess.run([shell, "-n", script], check=True)


def test_continuous_integration_runs_the_tests_and_nothing_else() -> None:
    last = (ROOT / ".ci" / "run").read_text().rstrip().splitlines()[-1]
    assert last == "exec make test </dev/null"


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_links_within_the_repository_lead_somewhere(document: Path) -> None:
    broken = [
        target
        for target in LINK.findall(document.read_text())
        if "://" not in target
        and not target.startswith(("#", "mailto:", "/"))
        and not (document.parent / target.partition("#")[0]).exists()
    ]
    assert not broken


def test_constraints_name_no_index_and_no_local_build() -> None:
    lines = [
        line
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9A-Za-z.]*", line) for line in lines)
