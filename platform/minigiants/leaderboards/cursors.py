"""Where a page of a board ended: what a reader sends back for the page that follows."""

from dataclasses import dataclass
from typing import Self

from minigiants.core.cursors import cursor_decode, cursor_encode


@dataclass(frozen=True)
class Cursor:
    """The last row of a page: by what the page is sorted, the row's value of that, its place."""

    sort: str
    value: str | float
    place: bytes

    def encode(self) -> str:
        """As text for an address."""
        return cursor_encode([self.value, self.place.hex()], of=f"board.{self.sort}")

    @classmethod
    def decode(cls, text: str, *, sort: str) -> Self:
        """The cursor of a page sorted by `sort`. Raises InvalidInput."""
        value, place = cursor_decode(text, of=f"board.{sort}")
        return cls(sort, value, bytes.fromhex(place))
