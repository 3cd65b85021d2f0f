"""The form of a token's secret: found by secret scanners, and checked without a database.

`mg_`, then 40 random characters of base 62 (238 bits), then 6 characters of base 62 that hold the
CRC-32 of those 40. A scanner finds secrets by `mg_[0-9A-Za-z]{46}` and, by the checksum, tells
them from words that only look alike. The checksum protects nothing: the random part does.
"""

import re
import secrets
import string
import zlib
from typing import Final

START: Final = "mg_"
RANDOM_CHARACTERS: Final = 40
CHECKSUM_CHARACTERS: Final = 6
FORM: Final = re.compile(r"mg_(?P<random>[0-9A-Za-z]{40})(?P<checksum>[0-9A-Za-z]{6})")
_DIGITS: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase


def secret_make() -> str:
    """A new secret."""
    random = "".join(secrets.choice(_DIGITS) for _ in range(RANDOM_CHARACTERS))
    return START + random + _checksum(random)


def is_secret(text: str) -> bool:
    """Whether `text` has the form of a secret and its checksum is right."""
    found = FORM.fullmatch(text)
    return found is not None and found["checksum"] == _checksum(found["random"])


def _checksum(random: str) -> str:
    value = zlib.crc32(random.encode())
    digits = ""
    for _ in range(CHECKSUM_CHARACTERS):
        value, digit = divmod(value, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits
