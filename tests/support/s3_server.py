"""A store that speaks S3 on the loopback address: moto's, and what it leaves out.

Run as a program it serves one bucket until it is stopped. Moto takes any bytes for a part; here,
as at Amazon, a part whose bytes are not those of its x-amz-checksum-sha256 is refused.
"""

import hashlib
import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.embedded_server import free_port
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from minigiants.core.s3_location import S3Location

BUCKET = "minigiants-tests"
REFUSAL = b"<Error><Code>BadDigest</Code><Message>Not what its checksum says.</Message></Error>"

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def checking_parts(application: Application) -> Application:
    """Refuse parts whose bytes are not what their header says."""

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        claimed = environ.get("HTTP_X_AMZ_CHECKSUM_SHA256")
        if environ["REQUEST_METHOD"] == "PUT" and claimed is not None:
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            if b64encode(hashlib.sha256(body).digest()).decode() != claimed:
                start_response("400 Bad Request", [("Content-Type", "application/xml")])
                return [REFUSAL]
            environ["wsgi.input"] = BytesIO(body)
        return application(environ, start_response)

    return answer


def serve(port: int) -> None:
    """Serve until the process is stopped."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    application = checking_parts(DomainDispatcherApplication(create_backend_app))
    make_server("127.0.0.1", port, application, threaded=True).serve_forever()


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """Where the store answers; it has the bucket `BUCKET`."""
    import boto3
    from botocore.exceptions import BotoCoreError

    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.support.s3_server", str(port)])
    keys = {"AWS_ACCESS_KEY_ID": "tests", "AWS_SECRET_ACCESS_KEY": "tests"}
    before = {name: os.environ.get(name) for name in keys}
    os.environ.update(keys)
    endpoint = f"http://127.0.0.1:{port}"
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")

    def bucket_made() -> bool:
        try:
            client.create_bucket(Bucket=BUCKET)
        except BotoCoreError:
            return False
        return True

    try:
        wait_for(bucket_made, "the S3 server")
        yield endpoint
    finally:
        client.close()
        process.terminate()
        process.wait()
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@pytest.fixture
def s3(s3_endpoint: str, settings: Any, request: pytest.FixtureRequest) -> "S3Location":
    """Blobs and parts lie in the bucket, under a prefix of this test's own."""
    from minigiants.core.s3_location import S3Location

    digest = hashlib.sha256(request.node.nodeid.encode()).hexdigest()
    location = S3Location(
        bucket=BUCKET, prefix=f"{digest[:16]}/", region="us-east-1", endpoint=s3_endpoint, own=True
    )
    settings.BLOBS = location
    return location


if __name__ == "__main__":
    serve(int(sys.argv[1]))
