"""Parts in a bucket: clients send them straight there, on signed addresses.

Each address is signed over the part's length and its SHA-256, so the store itself refuses any
other bytes. Finishing a file has the store compute the composite checksum, which is the blob's
digest, and only a file that has the right one is copied to its place among the blobs.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from botocore.exceptions import ClientError
from django.utils import timezone

from minigiants.artifacts.layout import part_count, part_length
from minigiants.artifacts.models import UploadFile, UploadPart
from minigiants.artifacts.part_store import PartAddress
from minigiants.artifacts.problems import PartConflict, PartMismatch
from minigiants.core.s3 import MISSING, S3BlobStore, error_code
from minigiants.core.s3_location import S3Location

ADDRESS_SECONDS: Final = 3600
AT_ONCE: Final = 8
GONE: Final = "NoSuchUpload"
REFUSED: Final = frozenset({"InvalidPart", "InvalidPartOrder", "BadDigest", "EntityTooSmall"})


@dataclass(frozen=True)
class _Listed:
    """A part as the store lists it. Not every store tells its checksum."""

    size: int
    etag: str
    sha256: bytes | None


class S3Parts:
    """A multipart upload for each file that was announced, at PREFIX/uploads/UPLOAD/POSITION."""

    is_direct = True

    def __init__(self, location: S3Location) -> None:
        self._blobs = S3BlobStore(location)
        self._client = self._blobs.client
        self._bucket = location.bucket
        self._prefix = f"{location.prefix}uploads/"

    def _place(self, file: UploadFile) -> dict[str, Any]:
        return {"Bucket": self._bucket, "Key": f"{self._prefix}{file.session_id}/{file.position}"}

    def arrived(self, files: Sequence[UploadFile]) -> Mapping[int, frozenset[int]]:
        begun = [(file, list(file.parts.all())) for file in files if file.store_upload]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            found = pool.map(lambda each: self._arrived(*each), begun)
            arrived = {
                file.position: numbers for (file, _), numbers in zip(begun, found, strict=True)
            }
        return {file.position: arrived.get(file.position, frozenset()) for file in files}

    def _arrived(self, file: UploadFile, asked: Sequence[UploadPart]) -> frozenset[int]:
        listed = self._listed(file)
        if listed is None:
            # Finished at the store already, by a completion that was cut short.
            finished = self._head(file) is not None
            return frozenset(range(part_count(file.size))) if finished else frozenset()
        return frozenset(
            part.number
            for part in asked
            if (there := listed.get(part.number)) is not None
            and there.size == part.size
            and there.sha256 in (None, bytes(part.sha256))
        )

    def _listed(self, file: UploadFile, *, most: int | None = None) -> dict[int, _Listed] | None:
        """The parts that the store has, by number from 0. None: it knows no such upload."""
        pages = self._client.get_paginator("list_parts").paginate(
            **self._place(file), UploadId=file.store_upload, PaginationConfig={"MaxItems": most}
        )
        try:
            return {
                part["PartNumber"] - 1: _Listed(
                    part["Size"],
                    part["ETag"],
                    b64decode(part["ChecksumSHA256"]) if "ChecksumSHA256" in part else None,
                )
                for page in pages
                for part in page.get("Parts", ())
            }
        except ClientError as error:
            if error_code(error) == GONE:
                return None
            raise

    def _head(self, file: UploadFile) -> dict[str, Any] | None:
        try:
            head: dict[str, Any] = self._client.head_object(
                **self._place(file), ChecksumMode="ENABLED"
            )
        except ClientError as error:
            if error_code(error) in MISSING:
                return None
            raise
        return head

    def address(self, file: UploadFile, number: int, *, sha256: bytes) -> PartAddress:
        if not file.store_upload or self._listed(file, most=1) is None:
            begun = self._client.create_multipart_upload(
                **self._place(file), ChecksumAlgorithm="SHA256", ChecksumType="COMPOSITE"
            )
            file.store_upload = begun["UploadId"]
            file.save(update_fields=["store_upload"])
        length = part_length(file.size, number)
        part, _ = UploadPart.objects.get_or_create(
            file=file, number=number, defaults={"sha256": sha256, "size": length}
        )
        if bytes(part.sha256) != sha256:
            raise PartConflict(f"Part {number} of {file.path}.")
        checksum = b64encode(sha256).decode()
        left = int((file.session.expires_at - timezone.now()).total_seconds())
        url: str = self._client.generate_presigned_url(
            "upload_part",
            {
                **self._place(file),
                "UploadId": file.store_upload,
                "PartNumber": number + 1,
                "ContentLength": length,
                "ChecksumSHA256": checksum,
            },
            ExpiresIn=max(1, min(ADDRESS_SECONDS, left)),
        )
        return PartAddress(url, {"x-amz-checksum-sha256": checksum})

    def assemble(self, file: UploadFile, digest: str) -> None:
        if file.size == 0:
            self._client.put_object(Bucket=self._bucket, Key=self._blobs.key(digest), Body=b"")
            return
        self._finish(file)
        # What a COMPOSITE checksum says, followed by the number of parts: BASE64-N.
        confirmed = str((self._head(file) or {}).get("ChecksumSHA256", "")).partition("-")[0]
        if confirmed != b64encode(bytes.fromhex(digest)).decode():
            self._client.delete_object(**self._place(file))
            raise PartMismatch(f"{file.path}: the store confirms the checksum {confirmed!r}.")
        # The finished object stays until the upload is discarded: should the transaction around
        # this fail, the next completion finds it.
        if not self._blobs.exists(digest):
            self._blobs.adopt_object(self._place(file)["Key"], digest)

    def _finish(self, file: UploadFile) -> None:
        """Make one object of the parts, unless an earlier completion did."""
        listed = self._listed(file)
        if listed is None:
            return
        parts = [
            {
                "PartNumber": part.number + 1,
                "ETag": listed[part.number].etag,
                "ChecksumSHA256": b64encode(bytes(part.sha256)).decode(),
            }
            for part in file.parts.order_by("number")
        ]
        try:
            self._client.complete_multipart_upload(
                **self._place(file),
                UploadId=file.store_upload,
                MultipartUpload={"Parts": parts},
                ChecksumType="COMPOSITE",
            )
        except ClientError as error:
            if error_code(error) in REFUSED:
                self._client.abort_multipart_upload(**self._place(file), UploadId=file.store_upload)
                raise PartMismatch(f"{file.path}: the store says {error_code(error)}.") from error
            raise

    def discard(self, session_id: UUID) -> None:
        prefix = f"{self._prefix}{session_id}/"
        for key, upload_id in self._begun(prefix):
            self._client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload_id)
        for key in self._finished(prefix):
            self._client.delete_object(Bucket=self._bucket, Key=key)

    def sessions(self) -> set[UUID]:
        keys = [key for key, _ in self._begun(self._prefix)] + list(self._finished(self._prefix))
        return {UUID(key.removeprefix(self._prefix).partition("/")[0]) for key in keys}

    def _begun(self, prefix: str) -> Iterator[tuple[str, str]]:
        pages = self._client.get_paginator("list_multipart_uploads").paginate(
            Bucket=self._bucket, Prefix=prefix
        )
        for page in pages:
            for upload in page.get("Uploads", ()):
                yield upload["Key"], upload["UploadId"]

    def _finished(self, prefix: str) -> Iterator[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix
        )
        for page in pages:
            for entry in page.get("Contents", ()):
                yield entry["Key"]
