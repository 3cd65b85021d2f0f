"""Being told how a transfer goes."""

from collections.abc import Callable

Progress = Callable[[int], None]
"""Told how many more bytes are there; fewer than none when some have to come again."""
