"""A pickle that shows that somebody has loaded it."""

import os
from collections.abc import Callable
from pathlib import Path


class Bomb:
    """What it is made from again makes a folder: the sign that a pickle was executed."""

    def __init__(self, sign: Path) -> None:
        self._sign = sign

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self._sign),)
