"""`server` and `worker`: other programs, which get all arguments."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from client.cli import app, programs

ROOT = Path(__file__).resolve().parents[2]


def _run(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join((str(ROOT / "platform"), str(ROOT)))
    environment = {**os.environ, "HOME": str(home), "PYTHONPATH": path}
    return subprocess.run(
        [sys.executable, "-m", "client", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=60,
    )


def test_the_server_gets_all_arguments(tmp_path: Path) -> None:
    done = _run("server", "status", "--home", str(tmp_path / "nobody"), home=tmp_path)
    assert done.returncode == 1
    assert "nobody" in done.stdout + done.stderr


def test_its_help_is_the_server_s_own(tmp_path: Path) -> None:
    done = _run("server", "up", "--help", home=tmp_path)
    assert done.returncode == 0
    assert "--detach" in done.stdout


@pytest.mark.parametrize(("command", "extra"), [("server", "embedded"), ("worker", "worker")])
def test_what_is_not_installed_is_said(
    command: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "find_spec", lambda _name: None)
    result = CliRunner().invoke(app, [command, "up"], catch_exceptions=False)
    assert result.exit_code == 1
    assert f"pip install 'minigiants[{extra}]'" in result.stderr
