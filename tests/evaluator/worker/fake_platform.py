"""A platform on a loopback port, for the worker to work against.

It speaks the workers' routes and nothing more: it hands out the jobs that a test lays in its
hands, serves and takes blobs, and remembers what was said to it.
"""

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from evaluator.blob_hash import BlobHash

KEY = "worker-key-0123456789"
TOKEN = "report-token-0123456789"


@dataclass
class Said:
    """One request that the platform got."""

    method: str
    path: str
    authorization: str | None
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class FakePlatform:
    """What the loopback platform has, answers and heard."""

    url: str
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    uploads: dict[str, bytes] = field(default_factory=dict)
    heard: list[Said] = field(default_factory=list)
    answers: dict[tuple[str, str], list[int | None]] = field(default_factory=dict)
    answer_with: bytes | None = None
    proceed: bool = True
    lease_seconds: float = 30.0
    changed: threading.Condition = field(default_factory=threading.Condition)

    def blob(self, name: str, content: bytes) -> dict[str, Any]:
        """Serve a blob; the fields of a `SignedFile` for it."""
        self.blobs[f"/blobs/{name}/signed-secret"] = content
        blob = BlobHash()
        blob.update(content)
        return {
            "path": name,
            "digest": blob.digest(),
            "size": blob.size,
            "url": f"{self.url}/blobs/{name}/signed-secret?signature=secret",
        }

    def offer(self, evaluation: str, **job: Any) -> None:
        """Have a job ready for whoever claims it first."""
        base = f"{self.url}/api/v1/worker/evaluations/{evaluation}"
        self.jobs[evaluation] = {
            "evaluation": evaluation,
            "attempt": 1,
            "heartbeat_url": f"{base}/heartbeat",
            "report_url": f"{base}/report",
            "upload_url": f"{base}/upload",
            "report_token": TOKEN,
            "lease_seconds": self.lease_seconds,
            **job,
        }

    def fail(self, method: str, path_end: str, *statuses: int | None) -> None:
        """Answer the next such requests with these statuses.

        0 hangs up without an answer, None answers as if nothing were wrong.
        """
        self.answers.setdefault((method, path_end), []).extend(statuses)

    def said(self, path_end: str) -> list[Said]:
        return [said for said in list(self.heard) if said.path.endswith(path_end)]

    def wait(self, condition: Callable[[], bool], seconds: float = 20.0) -> None:
        """Wait until a request has made the condition true; fail if none does in time."""
        with self.changed:
            assert self.changed.wait_for(condition, seconds), [
                (said.method, said.path) for said in self.heard
            ]

    def reports(self) -> list[dict[str, Any]]:
        return [said.json for said in self.said("/report")]

    def status_due(self, method: str, path: str) -> int | None:
        for (wanted, path_end), statuses in self.answers.items():
            if wanted == method and path.endswith(path_end) and statuses:
                return statuses.pop(0)
        return None


def handler_for(platform: FakePlatform) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: Any) -> None:
            pass

        def do_GET(self) -> None:
            self._serve()

        def do_POST(self) -> None:
            self._serve()

        def do_PUT(self) -> None:
            self._serve()

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            path = self.path.partition("?")[0]
            said = Said(self.command, path, self.headers.get("Authorization"), body)
            with platform.changed:
                status = platform.status_due(self.command, path)
                answer = self._answer(said) if status is None else (status, b"")
                if platform.answer_with is not None:
                    answer = (200, platform.answer_with)
                platform.heard.append(said)
                platform.changed.notify_all()
            if answer[0] == 0:
                self.close_connection = True
                return
            self.send_response(answer[0])
            if answer[0] in (301, 302, 307):
                self.send_header("Location", platform.url + "/elsewhere")
            self.send_header("Content-Length", str(len(answer[1])))
            self.end_headers()
            with suppress(ConnectionError):  # the worker has read enough
                self.wfile.write(answer[1])

        def _answer(self, said: Said) -> tuple[int, bytes]:
            if said.method == "GET":
                content = platform.blobs.get(said.path)
                return (404, b"") if content is None else (200, content)
            if said.path.endswith("/upload"):
                platform.uploads[said.path] = said.body
                blob = BlobHash()
                blob.update(said.body)
                return 200, json.dumps({"digest": blob.digest(), "size": blob.size}).encode()
            if said.path.endswith("/claim"):
                job = platform.jobs.pop(said.path.split("/")[-2], None)
                return (409, b"{}") if job is None else (200, json.dumps(job).encode())
            if said.path.endswith("/heartbeat"):
                answer = {"proceed": platform.proceed, "lease_seconds": platform.lease_seconds}
                return 200, json.dumps(answer).encode()
            if said.path.endswith(("/report", "/presence")):
                return 200, b"{}"
            return 404, b""

    return Handler
