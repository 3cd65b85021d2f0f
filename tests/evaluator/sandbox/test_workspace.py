"""Job folders, and what of a dead worker is swept."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from evaluator.sandbox.base import SandboxFault
from evaluator.sandbox.workspace import CONFINED_PREFIX, Workspace

DIE = """
import os, sys
from pathlib import Path
from evaluator.sandbox.workspace import Workspace
print(Workspace(Path(sys.argv[1])).owner, flush=True)
os._exit(1)
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "scratch")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_files_are_linked_where_others_may_read(workspace: Workspace, tmp_path: Path) -> None:
    source = tmp_path / "inputs.npy"
    source.write_bytes(b"data")
    source.chmod(0o644)
    with workspace.job() as job:
        job.place(source, "inputs.npy")
        assert (job.path / "inputs.npy").samefile(source)


def test_private_files_are_copied_readably(workspace: Workspace, tmp_path: Path) -> None:
    source = tmp_path / "inputs.npy"
    source.write_bytes(b"data")
    source.chmod(0o600)
    with workspace.job() as job:
        job.place(source, "inputs.npy")
        placed = job.path / "inputs.npy"
        assert placed.read_bytes() == b"data"
        assert mode(placed) == 0o444
    assert mode(source) == 0o600


def test_folders_are_placed_with_all_in_them(workspace: Workspace, tmp_path: Path) -> None:
    source = tmp_path / "model"
    (source / "deep" / "er").mkdir(parents=True)
    (source / "deep" / "er" / "weights").write_bytes(b"w")
    source.chmod(0o700)
    with workspace.job() as job:
        job.place(source, "model")
        assert (job.path / "model/deep/er/weights").read_bytes() == b"w"
        assert mode(job.path) == mode(job.path / "model") == mode(job.path / "model/deep") == 0o755


def test_links_and_pipes_are_refused(workspace: Workspace, tmp_path: Path) -> None:
    source = tmp_path / "model"
    source.mkdir()
    (source / "link").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe")
    with workspace.job() as job:
        for bad in (source, tmp_path / "pipe"):
            with pytest.raises(SandboxFault, match="neither a file nor a folder"):
                job.place(bad, bad.name)


@pytest.mark.parametrize("readable", [True, False])
def test_what_lies_in_the_place_already_is_never_written_through(
    workspace: Workspace, tmp_path: Path, readable: bool
) -> None:
    precious, source = tmp_path / "precious", tmp_path / "source"
    precious.write_text("of the host")
    source.write_text("of the job")
    source.chmod(0o644 if readable else 0o600)
    with workspace.job() as job:
        (job.path / "hidden.npy").symlink_to(precious)
        with pytest.raises(SandboxFault, match="could not be laid out"):
            job.place(source, "hidden.npy")
    assert precious.read_text() == "of the host"


def test_missing_files_are_a_fault(workspace: Workspace, tmp_path: Path) -> None:
    with workspace.job() as job, pytest.raises(SandboxFault, match="could not be laid out"):
        job.place(tmp_path / "absent", "absent")


def test_nothing_remains(workspace: Workspace, tmp_path: Path) -> None:
    with workspace.job() as job:
        path = job.path
    assert not path.exists()
    workspace.close()
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_sweep_takes_the_dead_and_spares_the_living(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    living = Workspace(scratch)
    died = subprocess.run(
        [sys.executable, "-c", DIE, str(scratch)], stdout=subprocess.PIPE, text=True, check=False
    ).stdout.strip()
    assert len(list(scratch.iterdir())) == 2
    removed: list[str] = []
    sweeper = Workspace(scratch)
    sweeper.sweep(removed.append)

    assert removed == [died]
    assert {path.name for path in scratch.iterdir()} == {
        f"owner-{living.owner}",
        f"owner-{sweeper.owner}",
    }


def test_a_sweep_leaves_owners_of_the_other_kind(tmp_path: Path) -> None:
    """Without a folder nobody would know of its owner's containers."""
    scratch = tmp_path / "scratch"
    (scratch / "owner-dead").mkdir(parents=True)
    (scratch / f"{CONFINED_PREFIX}dead").mkdir()
    confined = Workspace(scratch, prefix=CONFINED_PREFIX)
    confined.sweep()
    confined.close()

    assert [path.name for path in scratch.iterdir()] == ["owner-dead"]
