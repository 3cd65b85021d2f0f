"""The JSON Schema of competition.yaml, by which editors complete and check it."""

from functools import cache
from typing import Any

from minigiants.competitions.pack import PackSpec


@cache
def pack_schema() -> dict[str, Any]:
    """The schema as a document of JSON Schema 2020-12."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **PackSpec.model_json_schema(),
    }
