"""Pickles that show that somebody has loaded them."""

import os
from collections.abc import Callable
from pathlib import Path


class Bomb:
    """What it is made from again makes a folder: the sign that a pickle was executed."""

    def __init__(self, sign: Path) -> None:
        self._sign = sign

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self._sign),)


class Shout:
    """What it is made from again prints a word, for where no folder can be made."""

    def __init__(self, word: str) -> None:
        self._word = word

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return print, (self._word,)
