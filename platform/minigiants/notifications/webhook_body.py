"""The form of a message, after the Standard Webhooks specification."""

import json
from collections.abc import Mapping
from datetime import datetime

from pydantic import JsonValue


def body_of(kind: str, at: datetime, data: Mapping[str, JsonValue]) -> str:
    """The JSON that is sent: what happened, when, and what is told of it."""
    return json.dumps(
        {"type": kind, "timestamp": at.isoformat(), "data": data}, separators=(",", ":")
    )
