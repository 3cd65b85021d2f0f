"""Keeping in the database what must be read again, but must not lie there in the open.

Fernet (AES-128-CBC with HMAC-SHA-256) under keys that are derived from the secret key, so that a
copy of the database alone opens nothing. `SECRET_KEY_FALLBACKS` still open what they have sealed.
"""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.encoding import force_bytes


class Unsealable(Exception):
    """The text was sealed under a secret key that this installation has no more."""


def _box() -> MultiFernet:
    return MultiFernet(
        [_fernet(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    )


def _fernet(secret_key: str | bytes) -> Fernet:
    # The secret key is random and long: to hash it apart from its other uses is enough.
    digest = hashlib.sha256(b"minigiants.sealing:" + force_bytes(secret_key)).digest()
    return Fernet(base64.urlsafe_b64encode(digest))


def seal(text: str) -> str:
    """`text`, readable by this installation alone."""
    return _box().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """What was sealed. Raises Unsealable."""
    try:
        return _box().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise Unsealable from None
