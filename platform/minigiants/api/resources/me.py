"""The caller, and the caller's tokens.

Tokens are made by sessions alone: one that leaks must not make others. Any token may revoke itself.
"""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from ninja import Router

from minigiants.accounts.models import ApiToken, Scope, User
from minigiants.accounts.preferences import FIELDS, MailKind, mails_choose, mails_wanted
from minigiants.accounts.selectors import token_list
from minigiants.accounts.services import token_create, token_revoke, token_rotate
from minigiants.api.authentication import ApiRequest, person_of, required, session_only
from minigiants.api.idempotency import idempotent
from minigiants.api.pagination import DEFAULT_LIMIT, CursorParam, LimitParam, newest_first
from minigiants.api.schemas.accounts import (
    MadeToken,
    MeIn,
    MeOut,
    RotateIn,
    TokenIn,
    TokenList,
    TokenOut,
)
from minigiants.api.token_reach import Reach
from minigiants.competitions.selectors import competition_get
from minigiants.core.problems import NotFound

router = Router(tags=["account"])


def _me(person: User, token: ApiToken | None) -> MeOut:
    return MeOut(
        username=person.username,
        email=person.email,
        **{FIELDS[kind]: wanted for kind, wanted in mails_wanted(person).items()},
        token=TokenOut.model_validate(token) if token is not None else None,
    )


def _made(token: ApiToken, secret: str) -> MadeToken:
    told: dict[str, Any] = TokenOut.model_validate(token).model_dump()
    return MadeToken(**told, secret=secret)


@router.get("/me", response=MeOut, auth=required(None, reach=Reach.PERSON), operation_id="me_read")
def me_read(request: ApiRequest) -> MeOut:
    """Who is asking, and with which token."""
    return _me(person_of(request), request.auth.token)


@router.patch("/me", response=MeOut, auth=required(Scope.SUBMIT), operation_id="me_change")
def me_change(request: ApiRequest, payload: MeIn) -> MeOut:
    """Choose which mails you get."""
    person = person_of(request)
    choices = {kind: getattr(payload, FIELDS[kind]) for kind in MailKind}
    mails_choose(user=person, choices={k: v for k, v in choices.items() if v is not None})
    person.refresh_from_db(fields=list(FIELDS.values()))
    return _me(person, request.auth.token)


@router.delete(
    "/me/token",
    response={204: None},
    auth=required(None, reach=Reach.PERSON),
    operation_id="token_give_up",
)
def give_up(request: ApiRequest) -> HttpResponse:
    """Revoke the token that asks: the end of a log-in, or of a token that has leaked."""
    token = request.auth.token
    if token is None:
        raise NotFound("A session has no token to give up.")
    token_revoke(user=person_of(request), token_id=token.pk)
    return HttpResponse(status=204)


@router.get("/me/tokens", response=TokenList, auth=session_only(), operation_id="token_list")
def tokens(
    request: ApiRequest, cursor: CursorParam = None, limit: LimitParam = DEFAULT_LIMIT
) -> TokenList:
    """Your tokens, the newest first; expired and revoked ones too."""
    page, next_cursor = newest_first(
        token_list(user=person_of(request)), cursor=cursor, limit=limit
    )
    return TokenList(
        items=[TokenOut.model_validate(token) for token in page], next_cursor=next_cursor
    )


@router.post(
    "/me/tokens",
    response={201: MadeToken},
    auth=session_only(),
    operation_id="token_create",
)
@idempotent(status=201)
def create(request: ApiRequest, payload: TokenIn) -> MadeToken:
    """Make a token. Its secret is in the answer and nowhere else."""
    person = person_of(request)
    if payload.competition:
        competition_get(slug=payload.competition, user=person)
    token, secret = token_create(
        user=person,
        name=payload.name,
        scopes=payload.scopes,
        days=payload.days,
        competition=payload.competition,
    )
    return _made(token, secret)


@router.post(
    "/me/tokens/{token_id}/rotate",
    response={201: MadeToken},
    auth=session_only(),
    operation_id="token_rotate",
)
@idempotent(status=201)
def rotate(request: ApiRequest, token_id: UUID, payload: RotateIn) -> MadeToken:
    """Make a successor of a token. The old secret works for a day more."""
    return _made(*token_rotate(user=person_of(request), token_id=token_id, days=payload.days))


@router.delete(
    "/me/tokens/{token_id}",
    response={204: None},
    auth=session_only(),
    operation_id="token_revoke",
)
def revoke(request: ApiRequest, token_id: UUID) -> HttpResponse:
    """Revoke a token, at once and for good. Twice is as good as once."""
    token_revoke(user=person_of(request), token_id=token_id)
    return HttpResponse(status=204)
