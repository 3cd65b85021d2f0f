"""Sending blobs: in pieces, without a thread that waits for the client."""

from collections.abc import AsyncIterator
from typing import Final

from asgiref.sync import sync_to_async

from minigiants.core.blobstore import blob_store

CHUNK_BYTES: Final = 1024 * 1024


async def blob_chunks(digest: str) -> AsyncIterator[bytes]:
    """The bytes of a blob, for a streaming response. The blob is opened at the first piece."""
    stream = await sync_to_async(blob_store().open, thread_sensitive=False)(digest)
    with stream:
        read = sync_to_async(stream.read, thread_sensitive=False)
        while chunk := await read(CHUNK_BYTES):
            yield chunk
