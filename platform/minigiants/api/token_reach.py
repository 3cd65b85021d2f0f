"""What a token that is bound to one competition may open: of the others, nothing.

An operation's address says which competition it speaks of: by a slug, or by the identity of
something that belongs to one. What says neither is closed to bound tokens, unless the operation is
declared otherwise.
"""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final
from uuid import UUID

from django.db.models import Model, QuerySet
from django.http import HttpRequest

from minigiants.accounts.models import ApiToken
from minigiants.api.problems import TokenBound
from minigiants.artifacts.models import Artifact, UploadSession
from minigiants.community.models import Thread
from minigiants.core.problems import NotFound
from minigiants.submissions.models import Submission


class Reach(Enum):
    """How an operation tells which competition it speaks of."""

    ADDRESS = auto()
    """By its address, which is checked here."""

    BODY = auto()
    """By its body: the operation calls `Caller.require_competition`."""

    PERSON = auto()
    """It speaks of the caller or of nobody in particular: a bound token may, too."""


BELONGINGS: Final[Mapping[str, tuple[type[Model], str]]] = {
    "upload_id": (UploadSession, "team__competition__slug"),
    "artifact_id": (Artifact, "team__competition__slug"),
    "submission_id": (Submission, "competition__slug"),
    "thread_id": (Thread, "competition__slug"),
}
"""Parameters of addresses that are identities: of what, and the way to its competition's slug."""


def require_competition(token: ApiToken, slug: str) -> None:
    """Raise TokenBound if `token` is bound to another competition than `slug`."""
    if token.competition and token.competition != slug:
        raise TokenBound(
            f"The token {token} is bound to {token.competition}; this is {slug}.",
            competition=token.competition,
        )


def require_within(token: ApiToken, request: HttpRequest) -> None:
    """Raise TokenBound or NotFound if `token` is bound, and not to what the address speaks of."""
    if not token.competition:
        return
    match = request.resolver_match
    named = match.kwargs if match is not None else {}
    if "slug" in named:
        require_competition(token, str(named["slug"]))
        return
    for name, (model, way) in BELONGINGS.items():
        if name in named:
            _require_belonging(token, model, way, str(named[name]))
            return
    raise TokenBound(
        f"The token {token} is bound to {token.competition}, and this speaks of no competition.",
        competition=token.competition,
    )


def _require_belonging(token: ApiToken, model: type[Model], way: str, identity: str) -> None:
    try:
        key = UUID(identity)
    except ValueError:
        return  # the operation says what is wrong with it
    # What is elsewhere looks the same as what does not exist.
    if not QuerySet(model).filter(pk=key, **{way: token.competition}).exists():
        raise NotFound(f"{token.competition}, to which the token is bound, has nothing like this.")
