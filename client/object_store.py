"""What an object store (S3) says of a part, in the platform's words."""

import re
from typing import Final

import httpx

from client.errors import ApiProblem

CODE: Final = re.compile(r"<Code>([A-Za-z0-9]{1,64})</Code>")
CODES: Final = {
    # What arrived is not what was sent.
    "BadDigest": "part_checksum_mismatch",
    "IncompleteBody": "part_checksum_mismatch",
    "RequestTimeout": "part_checksum_mismatch",
    "XAmzContentChecksumMismatch": "part_checksum_mismatch",
    # The address is too old, or the clocks differ.
    "AccessDenied": "part_address_expired",
    "ExpiredToken": "part_address_expired",
    "RequestExpired": "part_address_expired",
    "NoSuchUpload": "upload_closed",
}


def store_problem(response: httpx.Response) -> ApiProblem | None:
    """The problem that a store's answer stands for; None if the answer is none of a store."""
    if "xml" not in response.headers.get("Content-Type", ""):
        return None
    found = CODE.search(response.text)
    if found is None:
        return None
    return ApiProblem(
        response.status_code,
        {
            "code": CODES.get(found[1], "object_store_refused"),
            "title": "The object store did not take a part",
            "detail": found[1],
            "mend": "Submit again: what has arrived is not sent twice. "
            "If it stays, tell the operators.",
        },
    )
