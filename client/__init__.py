"""Minigiants from Python and from the command line.

`from client import Minigiants` is the SDK; nothing heavy is imported until it is used.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from client.errors import ApiProblem, MinigiantsError
    from client.sdk import Minigiants

__all__ = ["ApiProblem", "Minigiants", "MinigiantsError"]

_HOMES = {
    "ApiProblem": "client.errors",
    "Minigiants": "client.sdk",
    "MinigiantsError": "client.errors",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
