"""Sending a folder: in parts, side by side, and going on where an earlier attempt stopped."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

from client.config import uploads_file, write_private
from client.errors import ApiProblem, FileChanged
from client.progress import Progress
from client.transport import Transport
from client.views import Artifact, Upload
from evaluator.contract import PART_BYTES, composite_digest
from evaluator.inspection import LocalFile

PART_ATTEMPTS: Final = 4
PARALLEL_PARTS: Final = 4
CHUNK_BYTES: Final = 1024 * 1024
SENT_AGAIN: Final = frozenset({"part_checksum_mismatch", "part_address_expired"})
"""What the way is at fault for: what arrived was not what was sent, or it came too late."""
INCOMPLETE: Final = frozenset({"upload_incomplete", "part_checksum_mismatch"})
"""The server has lost parts that it had, or found them wrong, or another run of ours resumed."""


@dataclass(frozen=True)
class HashedFile:
    """A file with the SHA-256 of each of its parts, as hex."""

    file: LocalFile
    parts: tuple[str, ...]

    @property
    def digest(self) -> str:
        """Its identity on the server."""
        return composite_digest(bytes.fromhex(part) for part in self.parts)

    def part_length(self, number: int) -> int:
        """How many bytes a part has."""
        return min(PART_BYTES, self.file.size - number * PART_BYTES)

    def read_part(self, number: int) -> Iterator[bytes]:
        """The bytes of one part as they are now. Raises FileChanged when the file has shrunk."""
        left = self.part_length(number)
        with self.file.open() as stream:
            stream.seek(number * PART_BYTES)
            while left:
                data = stream.read(min(CHUNK_BYTES, left))
                if not data:
                    raise FileChanged(self.file.path)
                left -= len(data)
                yield data

    def require_unchanged(self, number: int) -> None:
        """Raise FileChanged when a part is not what was hashed."""
        digest = hashlib.sha256()
        for data in self.read_part(number):
            digest.update(data)
        if digest.hexdigest() != self.parts[number]:
            raise FileChanged(self.file.path)


def hashed(file: LocalFile) -> HashedFile:
    """Read a file once, for the digests of its parts. Raises FileChanged if its size is new."""
    with file.open() as stream:
        parts, size = _part_digests(stream)
    if size != file.size:
        raise FileChanged(file.path)
    return HashedFile(file, parts)


def _part_digests(stream: BinaryIO) -> tuple[tuple[str, ...], int]:
    digests, size = [], 0
    while data := stream.read(PART_BYTES):
        digests.append(hashlib.sha256(data).hexdigest())
        size += len(data)
    return tuple(digests), size


class Uploader:
    """Sends files to one competition. `progress` is told of bytes as they arrive."""

    def __init__(
        self, transport: Transport, competition: str, *, progress: Progress | None = None
    ) -> None:
        self._transport = transport
        self._competition = competition
        self._progress = progress or (lambda _count: None)

    def send(self, files: Sequence[LocalFile]) -> Artifact:
        """The artifact that `files` have become. Parts that the server has are not sent again."""
        sources = [hashed(file) for file in files]
        memory = _Memory(self._transport.base_url, self._competition, sources)
        upload = self._resumed(memory) or self._begun(memory, sources)
        total = sum(source.file.size for source in sources)
        self._progress(total - _missing_bytes(upload))
        try:
            artifact = self._completed(upload, sources)
        except (ApiProblem, FileChanged) as error:
            if error.code in {"upload_closed", "part_conflict", "file_changed"}:
                memory.clear()  # the next attempt must begin anew
            raise
        memory.clear()
        return artifact

    def _completed(self, upload: Upload, sources: Sequence[HashedFile]) -> Artifact:
        self._send_missing(upload, sources)
        try:
            done = self._transport.post(f"/uploads/{upload.id}/complete")
        except ApiProblem as problem:
            if problem.code not in INCOMPLETE:
                raise
            self._send_missing(self._state(upload.id), sources)
            done = self._transport.post(f"/uploads/{upload.id}/complete")
        return Artifact.model_validate(done)

    def _resumed(self, memory: "_Memory") -> Upload | None:
        known = memory.upload_id
        if known is None:
            return None
        try:
            upload = self._state(known)
        except ApiProblem as problem:
            if problem.status not in {403, 404, 409}:
                raise
            return None
        return upload if upload.status == "open" else None

    def _begun(self, memory: "_Memory", sources: Sequence[HashedFile]) -> Upload:
        files = [
            {"path": source.file.path, "size": source.file.size, "digest": source.digest}
            for source in sources
        ]
        body = {"competition": self._competition, "files": files}
        upload = Upload.model_validate(self._transport.post("/uploads", body))
        memory.store(upload.id)
        return upload

    def _state(self, upload_id: str) -> Upload:
        return Upload.model_validate(self._transport.get(f"/uploads/{upload_id}"))

    def _send_missing(self, upload: Upload, sources: Sequence[HashedFile]) -> None:
        by_path = {source.file.path: source for source in sources}
        jobs = [
            (file.position, by_path[file.path], number)
            for file in upload.files
            for number in file.missing
        ]
        with ThreadPoolExecutor(PARALLEL_PARTS) as pool:
            futures = [pool.submit(self._send_part, upload, *job) for job in jobs]
            try:
                for future in futures:
                    self._progress(future.result())
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _send_part(self, upload: Upload, position: int, source: HashedFile, number: int) -> int:
        part = f"/uploads/{upload.id}/files/{position}/parts/{number}"
        length = source.part_length(number)
        for attempt in range(1, PART_ATTEMPTS + 1):
            try:
                address, headers = self._address(upload, part, source.parts[number])
                self._transport.put_bytes(
                    address, partial(source.read_part, number), length, headers
                )
            except ApiProblem as problem:
                if problem.code == "file_known":
                    return length  # another run of ours was faster
                source.require_unchanged(number)
                if problem.code not in SENT_AGAIN or attempt == PART_ATTEMPTS:
                    raise
            else:
                return length
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _address(self, upload: Upload, part: str, sha256: str) -> tuple[str, dict[str, str]]:
        """Where a part goes and what opens that address: the platform, or its object store."""
        if upload.is_direct:
            address = self._transport.post(f"{part}/address", {"sha256": sha256})
            return address["url"], address["headers"]
        return part, {
            "X-Upload-Token": upload.upload_token,
            "X-Part-SHA256": sha256,
            "Content-Type": "application/octet-stream",
        }


def _missing_bytes(upload: Upload) -> int:
    return sum(
        min(upload.part_bytes, file.size - number * upload.part_bytes)
        for file in upload.files
        for number in file.missing
    )


class _Memory:
    """Remembers the upload of these very bytes, so that an interrupted one goes on."""

    def __init__(self, url: str, competition: str, sources: Sequence[HashedFile]) -> None:
        manifest = "\n".join(f"{source.digest} {source.file.path}" for source in sources)
        self._key = hashlib.sha256(f"{url}\n{competition}\n{manifest}".encode()).hexdigest()
        self._path: Path = uploads_file()

    @property
    def upload_id(self) -> str | None:
        """The upload that was begun for these bytes, if one was."""
        return self._load().get(self._key)

    def store(self, upload_id: str) -> None:
        """Remember `upload_id`. The newest hundred are kept."""
        known = self._load()
        known.pop(self._key, None)
        newest = dict([*known.items(), (self._key, upload_id)][-100:])
        write_private(self._path, newest)

    def clear(self) -> None:
        """Forget it."""
        known = self._load()
        if known.pop(self._key, None) is not None:
            write_private(self._path, known)

    def _load(self) -> dict[str, str]:
        # Only a convenience: a file that is lost or broken costs a second sending, no more.
        try:
            document = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return document if isinstance(document, dict) else {}
