"""Which server, and with which token: from the environment, else from the person's own folder.

The file holds secrets, so only its owner may read it; it is written beside and moved in, whole.
"""

import json
import os
import tempfile
from pathlib import Path
from typing import Final

from platformdirs import user_cache_path, user_config_path

from client.errors import MinigiantsError

DEFAULT_URL: Final = "http://127.0.0.1:8000"
URL_VARIABLE: Final = "MINIGIANTS_URL"
TOKEN_VARIABLE: Final = "MINIGIANTS_TOKEN"  # noqa: S105


def credentials_file() -> Path:
    """Where tokens are kept."""
    return user_config_path("minigiants", appauthor=False) / "credentials.json"


def uploads_file() -> Path:
    """Where unfinished uploads are remembered."""
    return user_cache_path("minigiants", appauthor=False) / "uploads.json"


def write_private(path: Path, document: object) -> None:
    """Write JSON that only its owner may read, whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent)  # made with mode 0600
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=1)
    Path(name).replace(path)


def _read() -> dict[str, object]:
    path = credentials_file()
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise MinigiantsError(
            f"{path} can't be read: {error}",
            mend="Remove the file and run `minigiants login` again.",
            code="config_unreadable",
        ) from error
    return document if isinstance(document, dict) else {}


def _tokens(document: dict[str, object]) -> dict[str, str]:
    tokens = document.get("tokens")
    return dict(tokens) if isinstance(tokens, dict) else {}


def server_url() -> str:
    """MINIGIANTS_URL, else the server of the last login, else the embedded server's address."""
    return (os.environ.get(URL_VARIABLE) or str(_read().get("url") or DEFAULT_URL)).rstrip("/")


def token_for(url: str) -> str | None:
    """MINIGIANTS_TOKEN, else the token that was stored for this very server."""
    return os.environ.get(TOKEN_VARIABLE) or _tokens(_read()).get(url)


def remember(url: str, token: str) -> None:
    """Store `token` for `url`, and make that the server from now on."""
    tokens = _tokens(_read()) | {url: token}
    write_private(credentials_file(), {"url": url, "tokens": tokens})


def forget(url: str) -> bool:
    """Remove the token of `url`. Returns whether there was one."""
    document = _read()
    tokens = _tokens(document)
    known = tokens.pop(url, None) is not None
    if known:
        write_private(credentials_file(), {**document, "tokens": tokens})
    return known
