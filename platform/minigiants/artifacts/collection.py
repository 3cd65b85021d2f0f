"""Removing blobs that nobody needs: of attempts that failed, transactions that did, rows that went.

Three things keep a blob: a row that names it, the `GRACE` after it was stored (within which what
was stored first is named), and a transaction that holds it (`core.blob_digests.blobs_hold`).
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from django.db import transaction
from django.utils import timezone

from evaluator.contract import StoredBlob
from minigiants.artifacts.models import Blob
from minigiants.core.blob_digests import digests_named, shard_seize
from minigiants.core.blobstore import blob_store

GRACE: Final = timedelta(days=2)
AT_ONCE: Final = 100
"""How many are removed while others who want one of the same shard wait."""
SHARDS: Final = range(256)


def blobs_collect(
    *, shards: Iterable[int] = SHARDS, before: datetime | None = None, dry_run: bool = False
) -> list[StoredBlob]:
    """Remove the blobs of `shards` that no row names and that were stored before `before`.

    That is `GRACE` ago if not given. Returns what went or, with `dry_run`, what would go. What
    somebody is about to name is left for the next time.
    """
    limit = timezone.now() - GRACE if before is None else before
    gone: list[StoredBlob] = []
    for shard in shards:
        old = (blob.stored for blob in blob_store().blobs(shard) if blob.at < limit)
        for batch in _batches(old):
            unnamed = _unnamed(batch)
            gone += unnamed if dry_run else _remove(shard, unnamed, limit)
    return gone


def shard_of_the_moment(*, every: timedelta) -> int:
    """The shard whose turn it is, where each has one that lasts `every`."""
    return SHARDS[int(timezone.now().timestamp() // every.total_seconds()) % len(SHARDS)]


def _batches(blobs: Iterator[StoredBlob]) -> Iterator[list[StoredBlob]]:
    while batch := list(islice(blobs, AT_ONCE)):
        yield batch


def _unnamed(blobs: Sequence[StoredBlob]) -> list[StoredBlob]:
    named = digests_named(blob.digest for blob in blobs)
    return [blob for blob in blobs if blob.digest not in named]


@transaction.atomic
def _remove(shard: int, blobs: Sequence[StoredBlob], limit: datetime) -> list[StoredBlob]:
    if not blobs or not shard_seize(shard):
        return []
    store = blob_store()
    # Looked at before the lock was ours: since then one may have been named, or stored anew.
    gone = [
        blob
        for blob in _unnamed(blobs)
        if (at := store.stored_at(blob.digest)) is not None and at < limit
    ]
    Blob.objects.filter(pk__in=[blob.digest for blob in gone]).delete()
    for blob in gone:
        store.delete(blob.digest)
    return gone
