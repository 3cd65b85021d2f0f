"""How many requests of one person may wait at a time: places, counted in Redis.

A place is kept for a few seconds and renewed while the request waits, so that whatever ends a
request, its process included, gives the place back.
"""

import secrets
from typing import Final

import structlog
from django.conf import settings
from redis import RedisError

from minigiants.api.problems import TooManyWaiting
from minigiants.api.rate_limits import shared_redis

logger = structlog.get_logger(__name__)

KEPT_SECONDS: Final = 30
"""Longer than anybody waits without renewing."""

# KEYS[1] the places taken, by when they lapse; ARGV: how many there are, for how many milliseconds,
# and this one's name. Returns whether it was taken, or kept.
_TAKE: Final = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local kept = redis.call('ZSCORE', KEYS[1], ARGV[3])
if not kept and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
"""


class Place:
    """A place of the person called `person`. Taking and renewing are the same."""

    def __init__(self, person: str) -> None:
        self._key = f"places:{person}"
        self._name = secrets.token_hex(8)

    def take(self) -> None:
        """Take the place or keep it. Raises TooManyWaiting.

        Where Redis does not answer everybody has one: the limit must not take the service down.
        """
        most: int = settings.API_PLACES
        try:
            taken = shared_redis().eval(_TAKE, 1, self._key, most, KEPT_SECONDS * 1000, self._name)
        except RedisError as error:
            logger.warning("api.places_unavailable", error=str(error))
            return
        if not taken:
            raise TooManyWaiting(f"{most} of your requests are waiting.", retry_after=1)

    def leave(self) -> None:
        """Give the place back."""
        try:
            shared_redis().zrem(self._key, self._name)
        except RedisError as error:  # it lapses by itself
            logger.warning("api.places_unavailable", error=str(error))
