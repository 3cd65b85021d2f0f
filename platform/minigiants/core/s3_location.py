"""Which bucket of which store. Light: settings read it, without the library that talks to S3."""

import os
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

AMAZON_REGION: Final = "us-east-1"


@dataclass(frozen=True)
class S3Location:
    """A bucket, how every key in it begins, and where its store answers.

    Stores of one's own (`own`) seldom have a host name for each bucket, so there the bucket
    stands in the path.
    """

    bucket: str
    prefix: str
    region: str
    endpoint: str
    own: bool

    @property
    def origin(self) -> str:
        """Where browsers send parts to: scheme, host and port."""
        scheme, host = urlsplit(self.endpoint)[:2]
        return f"{scheme}://{host}" if self.own else f"{scheme}://{self.bucket}.{host}"


def s3_location(url: str) -> S3Location:
    """The location that s3://BUCKET/PREFIX and the environment name. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme != "s3" or not parts.netloc:
        raise ValueError(f"{url} is not of the form s3://bucket/prefix.")
    prefix = parts.path.strip("/")
    region = os.environ.get("AWS_REGION") or AMAZON_REGION
    endpoint = os.environ.get("MINIGIANTS_S3_ENDPOINT", "")
    return S3Location(
        bucket=parts.netloc,
        prefix=f"{prefix}/" if prefix else "",
        region=region,
        endpoint=endpoint or f"https://s3.{region}.amazonaws.com",
        own=bool(endpoint),
    )
