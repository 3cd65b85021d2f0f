"""Changing competition.yaml where its author wrote it: comments, order and all else stay."""

import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ruamel.yaml import YAML

INDENT: Final = {"mapping": 2, "sequence": 4, "offset": 2}
WIDTH: Final = 100

Place = tuple[str | int, ...]
"""Where a value stands: `("phases", 0, "quota", "per_day")`."""


def with_values(text: str, values: Mapping[Place, Any]) -> str:
    """`text` with a value put at each place. None removes what stands there.

    `text` is a specification that was published, so that all but the last step of a place in a
    list is there; mappings on the way are made. What comes of it is checked when it is published.
    """
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = WIDTH
    yaml.indent(**INDENT)
    document = yaml.load(text)
    for place, value in values.items():
        _put(document, place, value)
    written = io.StringIO()
    yaml.dump(document, written)
    return written.getvalue()


def _put(document: Any, place: Place, value: Any) -> None:
    *way, last = place
    for step in way:
        if isinstance(step, str) and step not in document:
            if value is None:
                return
            document[step] = {}
        document = document[step]
    if value is None:
        if last in document:
            del document[last]
    elif isinstance(value, Sequence) and not isinstance(value, str):
        document[last] = list(value)
    else:
        document[last] = value
