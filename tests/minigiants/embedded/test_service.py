"""Services are started again when they die, each time a little later."""

import sys
import time
from pathlib import Path

import pytest

from minigiants.embedded.service import Service, ServiceSpec


def test_it_starts_again_with_growing_pauses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    starts = tmp_path / "starts"
    program = f"open({str(starts)!r}, 'a').write('x'); print('out of luck'); raise SystemExit(3)"
    spec = ServiceSpec(
        "unlucky", [sys.executable, "-S", "-c", program], {}, tmp_path / "log", tmp_path
    )
    service = Service(spec)
    service._pause = 0.05
    began = time.monotonic()
    service.start()
    while len(starts.read_text() if starts.exists() else "") < 4:
        service.look()
        assert time.monotonic() < began + 20
        time.sleep(0.01)
    service.stop()
    assert time.monotonic() - began >= 0.05 + 0.1 + 0.2
    said = capsys.readouterr().out
    assert "ended (exit 3), starts again in" in said
    assert "out of luck" in said


def test_a_service_that_runs_is_left_alone(tmp_path: Path) -> None:
    spec = ServiceSpec("sleep", ["/bin/sleep", "600"], {}, tmp_path / "log", tmp_path)
    service = Service(spec)
    service.start()
    try:
        service.look()
        assert service.runs
        assert service.condition == "running"
    finally:
        service.stop()
    assert not service.runs
    assert service.condition == "stopped"
