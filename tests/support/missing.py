"""What happens when a part that a test needs is not on this machine."""

import os
from typing import NoReturn

import pytest


def missing(part: str, remedy: str) -> NoReturn:
    """Skip by name, or fail where CI=true: there a missing part is an error, not an excuse."""
    reason = f"{part} is missing: {remedy}"
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
