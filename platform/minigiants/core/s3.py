"""Blobs in a bucket of S3, or of a store that speaks it."""

import io
import os
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

from evaluator.contract import StoredBlob
from minigiants.core.blobstore import LyingBlob
from minigiants.core.s3_location import S3Location

BUFFER_BYTES: Final = 256 * 1024
MISSING: Final = frozenset({"404", "NoSuchKey", "NotFound"})
TRANSFER: Final = TransferConfig(multipart_threshold=1024**3, multipart_chunksize=256 * 1024**2)
"""Copies within the store are one request up to 1 GiB, and go in large pieces beyond."""


@cache
def client(location: S3Location) -> Any:
    """The connection pool to the store; threads share it.

    Credentials come from where Amazon's own tools look for them: the environment
    (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, …), or the machine's role.
    """
    return boto3.client(
        "s3",
        endpoint_url=location.endpoint,
        region_name=location.region,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path" if location.own else "virtual"},
            retries={"mode": "standard", "max_attempts": 5},
            connect_timeout=5,
            read_timeout=60,
            max_pool_connections=32,
        ),
    )


def error_code(error: ClientError) -> str:
    """The store's own word for what went wrong, such as `NoSuchKey`."""
    return str(error.response.get("Error", {}).get("Code", ""))


class S3BlobStore:
    """Blobs under PREFIX/blobs/."""

    def __init__(self, location: S3Location) -> None:
        self.location = location
        self.client = client(location)

    def key(self, digest: str) -> str:
        """The key that the blob has or would have."""
        return f"{self.location.prefix}blobs/{digest[:2]}/{digest[2:]}"

    def exists(self, digest: str) -> bool:
        return self._head(digest) is not None

    def _head(self, digest: str) -> dict[str, Any] | None:
        try:
            head: dict[str, Any] = self.client.head_object(
                Bucket=self.location.bucket, Key=self.key(digest)
            )
        except ClientError as error:
            if error_code(error) in MISSING:
                return None
            raise
        return head

    def open(self, digest: str) -> BinaryIO:
        head = self._head(digest)
        if head is None:
            raise FileNotFoundError(digest)
        raw = _S3Reader(self.client, self.location.bucket, self.key(digest), head["ContentLength"])
        return cast(BinaryIO, io.BufferedReader(raw, BUFFER_BYTES))

    def adopt(self, source: Path, digest: str) -> None:
        self.client.upload_file(
            str(source), self.location.bucket, self.key(digest), Config=TRANSFER
        )
        source.unlink()

    def adopt_object(self, key: str, digest: str) -> None:
        """Copy a finished object, whose digest the caller has verified, to its place.

        S3 renames nothing. The copy is made within the store; no byte passes here.
        """
        source = {"Bucket": self.location.bucket, "Key": key}
        self.client.copy(source, self.location.bucket, self.key(digest), Config=TRANSFER)

    def delete(self, digest: str) -> None:
        self.client.delete_object(Bucket=self.location.bucket, Key=self.key(digest))

    def blobs(self, shard: int) -> Iterator[LyingBlob]:
        begin = f"{shard:02x}"
        prefix = f"{self.location.prefix}blobs/{begin}/"
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.location.bucket, Prefix=prefix
        )
        for page in pages:
            for entry in page.get("Contents", ()):
                digest = begin + entry["Key"].removeprefix(prefix)
                blob = StoredBlob(digest=digest, size=entry["Size"])
                yield LyingBlob(blob, entry["LastModified"])

    def stored_at(self, digest: str) -> datetime | None:
        head = self._head(digest)
        return None if head is None else head["LastModified"]


class _S3Reader(io.RawIOBase):
    """An object as a seekable stream: one request for each run of bytes that is read in order."""

    def __init__(self, store: Any, bucket: str, key: str, size: int) -> None:
        self._store, self._bucket, self._key, self._size = store, bucket, key, size
        self._position = 0
        self._body: Any = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise ValueError("A stream has no bytes before its first.")
        if start + offset != self._position:
            self._hang_up()
        self._position = start + offset
        return self._position

    def readinto(self, buffer: Any, /) -> int:
        view = memoryview(buffer)
        if self._position >= self._size or not view:
            return 0
        if self._body is None:
            answer = self._store.get_object(
                Bucket=self._bucket, Key=self._key, Range=f"bytes={self._position}-"
            )
            self._body = answer["Body"]
        data = self._body.read(len(view))
        if not data:
            raise OSError(f"{self._key} ended at byte {self._position} of {self._size}.")
        view[: len(data)] = data
        self._position += len(data)
        return len(data)

    def _hang_up(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None

    def close(self) -> None:
        self._hang_up()
        super().close()
