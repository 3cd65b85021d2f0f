"""The home folder: held by one server at a time, and its secrets closed."""

import stat
from pathlib import Path

import pytest

from minigiants.embedded.credentials import load_or_create
from minigiants.embedded.errors import EmbeddedError
from minigiants.embedded.home import Home, ServerState

STATE = ServerState(
    pid=4_194_303, address="http://x", phase="ready", redis_port=1, sockets="/s", parts={}
)


def test_one_server_at_a_time(tmp_path: Path) -> None:
    first, second = Home(tmp_path / "home"), Home(tmp_path / "home")
    first.open()
    assert second.is_held()
    with pytest.raises(EmbeddedError, match="already running"):
        second.open()
    first.close()
    second.open()
    second.close()


def test_what_a_crash_leaves_behind_is_no_server(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.open()
    home.write_state(STATE)
    assert home.read_state() == STATE
    assert home._lock is not None
    home._lock.close()  # as the kernel does for a process that was killed
    assert not home.is_held()
    home.open()
    home.close()


def test_a_home_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.open()
    home.close()
    version = home.folder / "version"
    if not version.exists():
        pytest.skip("Minigiants runs from a source tree that is not installed")
    version.write_text("999.0.0\n")
    with pytest.raises(EmbeddedError, match="last used by Minigiants 999"):
        home.open()
    assert version.read_text() == "999.0.0\n"


def test_a_home_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(EmbeddedError, match="can't be used"):
        Home(blocked / "home").open()


def test_secrets_are_made_once_and_closed(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    first = load_or_create(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert load_or_create(file) == first
    values = list(vars(first).values())
    assert len(set(values)) == len(values)
    assert all(len(value) == 64 for value in values)
    assert not any(value in repr(first) for value in values)


@pytest.mark.parametrize("text", ["", "{}", '{"secret_key": "x", "unknown": 1}', "[1]"])
def test_damaged_secrets_are_not_replaced(tmp_path: Path, text: str) -> None:
    file = tmp_path / "secrets.json"
    file.write_text(text)
    with pytest.raises(EmbeddedError, match="damaged"):
        load_or_create(file)
    assert file.read_text() == text
