"""`Idempotency-Key`: a POST that is sent twice is done once.

The answer is written in the transaction of the change itself, so there is no moment at which the
change is done and its answer is lost. It is kept sealed, since it may hold a secret that is shown
once. Only success is kept: an error has changed nothing, and the same key may try again.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Concatenate, Final, ParamSpec

from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.utils import timezone
from pydantic import BaseModel

from minigiants.accounts.models import User
from minigiants.api.authentication import ApiRequest, person_of
from minigiants.api.models import IdempotencyRecord
from minigiants.api.problems import (
    IdempotencyInFlight,
    IdempotencyKeyInvalid,
    IdempotencyKeyReused,
)
from minigiants.core.sealing import seal, unseal

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
KEPT_FOR: Final = timedelta(hours=24)
RUNS_AT_MOST: Final = timedelta(minutes=2)
KEY_FORM: Final = re.compile(r"^[\x21-\x7e]{1,255}$")
MARK: Final = "_minigiants_idempotent"

P = ParamSpec("P")


def idempotent(
    *, status: int
) -> Callable[
    [Callable[Concatenate[ApiRequest, P], BaseModel]],
    Callable[Concatenate[ApiRequest, P], HttpResponse],
]:
    """Let an operation honour `Idempotency-Key`. Its success is answered with `status`."""

    def decorate(
        operation: Callable[Concatenate[ApiRequest, P], BaseModel],
    ) -> Callable[Concatenate[ApiRequest, P], HttpResponse]:
        @wraps(operation)
        def run(request: ApiRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            key = request.headers.get(HEADER)
            if key is None:
                return _answer(operation(request, *args, **kwargs).model_dump_json(), status)
            if not KEY_FORM.match(key):
                raise IdempotencyKeyInvalid("The Idempotency-Key is empty, too long or not ASCII.")
            record = _claim(person_of(request), key, _fingerprint(request))
            if record.status:
                replay = _answer(unseal(record.body), record.status)
                replay[REPLAYED] = "true"
                return replay
            try:
                with transaction.atomic():
                    body = operation(request, *args, **kwargs).model_dump_json()
                    IdempotencyRecord.objects.filter(pk=record.pk).update(
                        status=status, body=seal(body)
                    )
            except BaseException:
                IdempotencyRecord.objects.filter(pk=record.pk, status=0).delete()
                raise
            return _answer(body, status)

        setattr(run, MARK, True)
        return run

    return decorate


def idempotency_sweep() -> int:
    """Forget the keys whose time is over. Returns how many there were."""
    return IdempotencyRecord.objects.filter(expires_at__lte=timezone.now()).delete()[0]


def _answer(body: str, status: int) -> HttpResponse:
    return HttpResponse(body, status=status, content_type="application/json; charset=utf-8")


def _fingerprint(request: ApiRequest) -> str:
    head = f"{request.method} {request.get_full_path()}\n".encode()
    return hashlib.sha256(head + request.body).hexdigest()


def _claim(user: User, key: str, fingerprint: str) -> IdempotencyRecord:
    """The record of this key: a new one to run under, or the finished one of an equal request.

    Raises IdempotencyKeyReused, IdempotencyInFlight.
    """
    now = timezone.now()
    locked_until = now + RUNS_AT_MOST
    try:
        # The unique constraint decides who is first. The row is committed at once, so that a
        # second request sees it while the first still runs.
        with transaction.atomic():
            return IdempotencyRecord.objects.create(
                user=user,
                key=key,
                fingerprint=fingerprint,
                locked_until=locked_until,
                expires_at=now + KEPT_FOR,
            )
    except IntegrityError:
        record = IdempotencyRecord.objects.filter(user=user, key=key).first()
    in_flight = IdempotencyInFlight(f"The key {key[:40]!r} is in use.", retry_after=1)
    if record is None:  # the other request failed in this very moment
        raise in_flight
    if record.expires_at <= now:  # its time is over, and nobody has swept it yet
        IdempotencyRecord.objects.filter(pk=record.pk, expires_at__lte=now).delete()
        return _claim(user, key, fingerprint)
    if record.fingerprint != fingerprint:
        raise IdempotencyKeyReused(f"The key {key[:40]!r} came first with another request.")
    if record.status:
        return record
    # A request whose process was killed leaves its lock behind; compare-and-set takes it over.
    taken = IdempotencyRecord.objects.filter(
        pk=record.pk, status=0, locked_until=record.locked_until, locked_until__lte=now
    ).update(locked_until=locked_until)
    if not taken:
        raise in_flight
    return record
