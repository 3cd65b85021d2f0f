"""Uploads through the API, against writing and hashing the same bytes in one process."""

import hashlib
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.memory import PeakMemory
from benchmarks.packs import changed_pack
from client.sdk import Minigiants
from evaluator.contract import PART_BYTES
from tests.support.embedded_server import EmbeddedServer
from tests.support.faulty_proxy import FaultyProxy
from tests.support.participant import participant

MEBIBYTE = 1024**2


def measure(*, mebibytes: int = 2048) -> dict[str, Any]:
    """Send a folder of `mebibytes`, then again with one small file changed."""
    with tempfile.TemporaryDirectory(prefix="minigiants-bench-") as name:
        work = Path(name)
        folder = work / "model"
        folder.mkdir()
        _fill(folder / "weights.bin", mebibytes)
        (folder / "notes.txt").write_text("first")
        bare = _bare(folder / "weights.bin", work / "copy.bin")
        packs = changed_pack(work / "packs", upload={"max_bytes": (mebibytes + 1) * MEBIBYTE})
        environment = {"MINIGIANTS_PACKS": str(packs), "MINIGIANTS_SANDBOX": "fallback"}
        with EmbeddedServer(**environment) as server, participant(server, "digits") as sdk:
            (web,) = server.children("uvicorn")
            there, here = PeakMemory(web), PeakMemory(os.getpid())
            started = time.perf_counter()
            sdk.upload(folder, "digits")
            seconds = time.perf_counter() - started
            growth_there, growth_here = there.growth(), here.growth()
            (folder / "notes.txt").write_text("second")
            with (
                FaultyProxy(server.port) as network,
                Minigiants(network.url, sdk.token) as counted,
            ):
                started = time.perf_counter()
                counted.upload(folder, "digits")
                again = time.perf_counter() - started
                sent_again = network.bytes_passed
    return {
        "mebibytes": mebibytes,
        "api_mebibytes_per_second": mebibytes / seconds,
        "bare_mebibytes_per_second": mebibytes / bare,
        "ratio": bare / seconds,
        "second_upload_seconds": again,
        "second_upload_bytes_sent": sent_again,
        "web_process_peak_growth_mebibytes": growth_there / MEBIBYTE,
        "client_peak_growth_mebibytes": growth_here / MEBIBYTE,
    }


def _fill(path: Path, mebibytes: int) -> None:
    block = os.urandom(MEBIBYTE)
    with path.open("wb") as out:
        for number in range(mebibytes):
            out.write(number.to_bytes(8, "big") + block[8:])


def _bare(source: Path, target: Path) -> float:
    started = time.perf_counter()
    with source.open("rb") as read, target.open("wb") as write:
        while chunk := read.read(PART_BYTES):
            hashlib.sha256(chunk)
            write.write(chunk)
        write.flush()
        os.fsync(write.fileno())
    seconds = time.perf_counter() - started
    target.unlink()
    return seconds
