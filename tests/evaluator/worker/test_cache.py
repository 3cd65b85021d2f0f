"""The cache: whole blobs or none, a bound on its size, damage noticed."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from evaluator.blob_hash import BlobHash
from evaluator.worker.cache import ABANDONED_SECONDS, BlobCache, BlobMismatch, Fetch


def digest(content: bytes) -> str:
    blob = BlobHash()
    blob.update(content)
    return blob.digest()


class Source:
    """Delivers one content and counts how often."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.fetches = 0
        self._lock = threading.Lock()

    def __call__(self) -> Iterator[bytes]:
        with self._lock:
            self.fetches += 1
        yield self.content[:3]
        yield self.content[3:]


def put(cache: BlobCache, content: bytes, target: Path, source: Fetch | None = None) -> bool:
    return cache.place(digest(content), len(content), target, source or Source(content))


def kept(folder: Path) -> set[str]:
    return {entry.name for entry in (folder / "blobs").iterdir()}


def test_a_second_job_needs_no_fetch(tmp_path: Path) -> None:
    cache = BlobCache(tmp_path / "cache", 1000)
    source = Source(b"the model")
    assert not put(cache, b"the model", tmp_path / "one", source)
    assert put(cache, b"the model", tmp_path / "two", source)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes() == b"the model"
    assert source.fetches == 1


def test_a_job_can_not_write_into_the_cache(tmp_path: Path) -> None:
    cache = BlobCache(tmp_path / "cache", 1000)
    put(cache, b"honest", tmp_path / "one")
    (tmp_path / "one").write_bytes(b"forged")
    assert put(cache, b"honest", tmp_path / "two")
    assert (tmp_path / "two").read_bytes() == b"honest"


@pytest.mark.parametrize("damage", [b"forged", b"cut", b"longer than it was", b""])
@pytest.mark.parametrize("used", [1, 2], ids=["just fetched", "trusted"])
def test_a_damaged_entry_is_fetched_again(tmp_path: Path, damage: bytes, used: int) -> None:
    cache = BlobCache(tmp_path / "cache", 1000)
    source = Source(b"honest")
    for number in range(used):
        put(cache, b"honest", tmp_path / f"before {number}", source)
    (tmp_path / "cache" / "blobs" / digest(b"honest")).write_bytes(damage)
    assert not put(cache, b"honest", tmp_path / "one", source)
    assert (tmp_path / "one").read_bytes() == b"honest"
    assert source.fetches == 2
    assert put(cache, b"honest", tmp_path / "two", source)


def test_what_nobody_touched_is_hashed_once_an_hour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = BlobCache(tmp_path / "cache", 1000)
    put(cache, b"honest", tmp_path / "one")
    put(cache, b"honest", tmp_path / "two")
    entry = tmp_path / "cache" / "blobs" / digest(b"honest")
    touched = entry.stat().st_mtime_ns
    entry.write_bytes(b"forged")
    os.utime(entry, ns=(touched, touched))  # as a failing disk leaves it
    assert put(cache, b"honest", tmp_path / "three")
    assert (tmp_path / "three").read_bytes() == b"forged"
    touched = entry.stat().st_mtime_ns
    monkeypatch.setattr("evaluator.worker.cache.TRUSTED_SECONDS", 0.0)
    assert not put(cache, b"honest", tmp_path / "four")
    assert (tmp_path / "four").read_bytes() == b"honest"


def test_an_entry_that_another_process_touched_is_hashed_again(tmp_path: Path) -> None:
    cache = BlobCache(tmp_path / "cache", 1000)
    other = BlobCache(tmp_path / "cache", 1000)
    for number in range(3):
        put(cache, b"honest", tmp_path / f"first {number}")
        put(other, b"honest", tmp_path / f"second {number}")
    (tmp_path / "cache" / "blobs" / digest(b"honest")).write_bytes(b"forged")
    assert not put(cache, b"honest", tmp_path / "third")
    assert put(other, b"honest", tmp_path / "fourth")
    assert (tmp_path / "fourth").read_bytes() == b"honest"


@pytest.mark.parametrize("delivered", [b"forged", b"cut", b"honest and more", b""])
@pytest.mark.parametrize("limit", [1000, 0], ids=["kept", "too large to keep"])
def test_other_bytes_than_promised_leave_nothing(
    tmp_path: Path, delivered: bytes, limit: int
) -> None:
    cache = BlobCache(tmp_path / "cache", limit)
    with pytest.raises(BlobMismatch):
        put(cache, b"honest", tmp_path / "target", Source(delivered))
    assert not (tmp_path / "target").exists()
    assert kept(tmp_path / "cache") == set()
    assert not list((tmp_path / "cache" / "incoming").iterdir())


def test_a_broken_fetch_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"hon"
        raise ConnectionError

    cache = BlobCache(tmp_path / "cache", 1000)
    with pytest.raises(ConnectionError):
        put(cache, b"honest", tmp_path / "target", broken)
    assert not (tmp_path / "target").exists()
    assert not list((tmp_path / "cache" / "incoming").iterdir())
    put(cache, b"honest", tmp_path / "target")


def test_the_least_recently_used_leaves_first(tmp_path: Path) -> None:
    cache = BlobCache(tmp_path / "cache", 30)
    contents = [bytes([number]) * 10 for number in range(4)]
    for number, content in enumerate(contents[:3]):
        put(cache, content, tmp_path / f"first-{number}")
        os.utime(tmp_path / "cache" / "blobs" / digest(content), (number, number))
    assert put(cache, contents[0], tmp_path / "again")
    put(cache, contents[3], tmp_path / "new")
    assert kept(tmp_path / "cache") == {digest(contents[number]) for number in (0, 2, 3)}


def test_what_exceeds_the_limit_is_delivered_and_not_kept(tmp_path: Path) -> None:
    cache = BlobCache(tmp_path / "cache", 10)
    put(cache, b"small", tmp_path / "small")
    assert not put(cache, b"larger than ten", tmp_path / "large")
    assert (tmp_path / "large").read_bytes() == b"larger than ten"
    assert kept(tmp_path / "cache") == {digest(b"small")}


def test_many_threads_fetch_once(tmp_path: Path) -> None:
    cache = BlobCache(tmp_path / "cache", 10**6)
    source = Source(os.urandom(100_000))
    with ThreadPoolExecutor(8) as threads:
        list(
            threads.map(
                lambda number: put(cache, source.content, tmp_path / str(number), source), range(8)
            )
        )
    assert source.fetches == 1
    assert all((tmp_path / str(n)).read_bytes() == source.content for n in range(8))


PROCESS = """
import sys
from pathlib import Path
from evaluator.worker.cache import BlobCache
from evaluator.blob_hash import BlobHash
folder, name = Path(sys.argv[1]), sys.argv[2]
cache = BlobCache(folder / "cache", 50_000)
for turn in range(40):
    content = bytes([turn % 13]) * 10_000
    blob = BlobHash()
    blob.update(content)
    target = folder / f"{name}-{turn}"
    cache.place(blob.digest(), len(content), target, lambda: [content])
    assert target.read_bytes() == content
"""


def test_processes_share_a_cache_that_is_too_small(tmp_path: Path) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", PROCESS, str(tmp_path), str(number)])
        for number in range(3)
    ]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    entries = list((tmp_path / "cache" / "blobs").iterdir())
    assert sum(entry.stat().st_size for entry in entries) <= 50_000


def test_what_a_dead_process_left_is_cleared(tmp_path: Path) -> None:
    BlobCache(tmp_path, 1000)
    old, new = tmp_path / "incoming" / "old", tmp_path / "incoming" / "new"
    old.write_bytes(b"half")
    new.write_bytes(b"half")
    before = time.time() - ABANDONED_SECONDS - 60
    os.utime(old, (before, before))
    BlobCache(tmp_path, 1000)
    assert not old.exists()
    assert new.exists()
