"""The secrets of an embedded server: made once, kept in one file that only its owner reads."""

import json
import os
import secrets
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from minigiants.embedded.errors import EmbeddedError


@dataclass(frozen=True)
class Credentials:
    """All secrets, each of 256 bits. Which part gets which is decided in `environments`."""

    secret_key: str
    postgres_superuser: str
    postgres_app: str
    redis_platform: str
    redis_predict: str
    redis_score: str
    worker_key_predict: str
    worker_key_score: str

    def __repr__(self) -> str:
        """Name the class only: a secret in a traceback ends up in a log."""
        return "Credentials(…)"


def load_or_create(file: Path) -> Credentials:
    """The credentials in `file`; new ones, written there with mode 0600, if there is no file."""
    try:
        text = file.read_text()
    except FileNotFoundError:
        return _create(file)
    try:
        return Credentials(**json.loads(text))
    except (ValueError, TypeError) as error:
        raise EmbeddedError(
            f"The file of secrets {file} is damaged.",
            "Put it back from a backup, or start with another home: --home DIR",
        ) from error


def _create(file: Path) -> Credentials:
    credentials = Credentials(
        **{field.name: secrets.token_hex(32) for field in fields(Credentials)}
    )
    partial = file.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    with open(partial, "x", opener=lambda path, flags: os.open(path, flags, 0o600)) as out:
        json.dump(asdict(credentials), out, indent=1)
        out.flush()
        os.fsync(out.fileno())
    partial.replace(file)
    return credentials
