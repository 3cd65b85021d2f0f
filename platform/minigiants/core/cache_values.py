"""What the shared cache keeps: JSON. Django's own choice, a pickle, runs whatever is in it."""

import json
from typing import Any


class JsonValues:
    """The serializer of Django's Redis cache. What has no JSON is refused with a `TypeError`."""

    def dumps(self, value: Any) -> str:
        """The text that Redis keeps. Of an integer it is one that Redis can count up."""
        return json.dumps(value, allow_nan=False)

    def loads(self, data: bytes) -> Any:
        """The value, tuples being lists now. Raises `ValueError` for what is no JSON."""
        return json.loads(data)
