"""Fifty CI jobs that submit and wait at the same time, and how fast the API answers then."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import quantiles
from typing import Any

from benchmarks import accounts, load
from benchmarks.onnx_models import digits
from tests.support.embedded_server import EmbeddedServer

ROOT = Path(__file__).resolve().parents[1]
CONNECTIONS = 8
FINISH_SECONDS = 900


def measure(*, clients: int = 50, seconds: float = 10.0) -> dict[str, Any]:
    """Start `clients` command lines at once; then ask for three documents, `seconds` each."""
    with tempfile.TemporaryDirectory(prefix="minigiants-bench-") as name:
        work = Path(name)
        workload = digits(work, clients)
        environment = {
            "MINIGIANTS_PACKS": str(workload.packs),
            "MINIGIANTS_SANDBOX": os.environ.get("MINIGIANTS_SANDBOX", "fallback"),
        }
        with EmbeddedServer(**environment) as server:
            server.start()
            tokens = accounts.tokens(server, workload.slug, clients)
            started = time.perf_counter()
            jobs = [
                _Job(server, work / f"home-{number}", model, token)
                for number, (model, token) in enumerate(zip(workload.models, tokens, strict=True))
            ]
            with ThreadPoolExecutor(clients) as pool:
                waited = list(pool.map(_Job.run, jobs))
            took = time.perf_counter() - started
            ends = Counter(job.end() for job in jobs)
            cuts = quantiles(waited, n=20)
            figures: dict[str, Any] = {
                "clients": clients,
                "scored": ends.pop("scored", 0),
                "ended otherwise": dict(ends),
                "seconds for all": took,
                "submit --wait: p50 s": cuts[9],
                "submit --wait: p95 s": cuts[18],
                "connections": CONNECTIONS,
            }
            submissions = [job.submission() for job in jobs]
            return figures | _answers(server.port, workload.slug, tokens, submissions, seconds)


def _answers(
    port: int, slug: str, tokens: Sequence[str], submissions: Sequence[str], seconds: float
) -> dict[str, float]:
    """Each token asks in its turn, so that none meets its rate limit."""
    documents = {
        "leaderboard": lambda _: f"/api/v1/competitions/{slug}/leaderboard",
        "competition": lambda _: f"/api/v1/competitions/{slug}",
        "submission": lambda who: f"/api/v1/submissions/{submissions[who]}",
    }
    figures: dict[str, float] = {}
    for name, path in documents.items():

        def request(number: int, path: Any = path) -> load.Request:
            who = number % len(tokens)
            return path(who), tokens[who]

        run = load.ask(port, request, connections=CONNECTIONS, seconds=seconds)
        figures |= run.figures(name)
    return figures


class _Job:
    """`minigiants submit --wait` in a process, a home and a team of its own."""

    def __init__(self, server: EmbeddedServer, home: Path, model: Path, token: str) -> None:
        home.mkdir()
        self._model = model
        self._output = ""
        self._environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join((str(ROOT / "platform"), str(ROOT))),
            "HOME": str(home),
            "MINIGIANTS_URL": server.address,
            "MINIGIANTS_TOKEN": token,
        }

    def run(self) -> float:
        """Submit and wait for the end; returns the seconds that it took."""
        started = time.perf_counter()
        done = subprocess.run(
            [
                *(sys.executable, "-m", "client", "submit", str(self._model), "-c", "digits"),
                *("--wait", "--timeout", str(FINISH_SECONDS), "--json"),
            ],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # what a person would read; the answer has it too
            text=True,
            check=False,
        )
        self._output = done.stdout
        return time.perf_counter() - started

    def end(self) -> str:
        """The submission's last state, or the code of the error that came instead."""
        answer = self._answer()
        return str(answer["error"]["code"] if "id" not in answer else answer["status"])

    def submission(self) -> str:
        """The submission's id."""
        return str(self._answer()["id"])

    def _answer(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self._output)
        return answer
