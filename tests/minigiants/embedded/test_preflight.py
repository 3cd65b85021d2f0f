"""What keeps the server from starting, each told in a line that says how to mend it."""

import socket
from pathlib import Path

import pytest

from minigiants.embedded import preflight
from minigiants.embedded.errors import EmbeddedError


def test_a_port_in_use_is_named_with_another_to_take() -> None:
    with socket.socket() as taken:
        taken.bind((preflight.HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(EmbeddedError, match=f"Port {port} is in use") as caught:
            preflight.check_port(port)
    assert "--port" in caught.value.remedy
    assert "\n" not in str(caught.value)
    preflight.check_port(port)


def test_a_nearly_full_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    preflight.check_space(tmp_path / "not" / "yet" / "there")
    monkeypatch.setattr(preflight, "NEEDED_BYTES", 2**60)
    with pytest.raises(EmbeddedError, match="MiB are free") as caught:
        preflight.check_space(tmp_path)
    assert "--home" in caught.value.remedy
