"""How many requests a caller may make: a token bucket in Redis, checked in one atomic step."""

import math
from dataclasses import dataclass
from functools import cache
from typing import Final

import structlog
from django.conf import settings
from redis import Redis, RedisError

from minigiants.api.problems import RateLimited

logger = structlog.get_logger(__name__)

# KEYS[1] the bucket; ARGV: quota, window in seconds. The bucket refills evenly, a full one is
# forgotten. Returns whether the request may pass, the requests left, and the milliseconds until
# the bucket is full again (when passed) or until one more request fits (when not).
_SCRIPT: Final = """
local quota, window = tonumber(ARGV[1]), tonumber(ARGV[2]) * 1000
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local state = redis.call('HMGET', KEYS[1], 'left', 'at')
local left, at = tonumber(state[1] or quota), tonumber(state[2] or now)
left = math.min(quota, left + (now - at) * quota / window)
local passed = 0
if left >= 1 then
  left = left - 1
  passed = 1
end
redis.call('HSET', KEYS[1], 'left', tostring(left), 'at', tostring(now))
redis.call('PEXPIRE', KEYS[1], window)
local lacking = 1 - left
if passed == 1 then lacking = quota - left end
return {passed, math.floor(left), math.ceil(lacking * window / quota)}
"""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left to a caller under one policy. `reset` is in seconds."""

    policy: str
    quota: int
    window: int
    left: int
    reset: int

    def headers(self) -> dict[str, str]:
        """The header fields of draft-ietf-httpapi-ratelimit-headers-10."""
        return {
            "RateLimit-Policy": f'"{self.policy}";q={self.quota};w={self.window}',
            "RateLimit": f'"{self.policy}";r={self.left};t={self.reset}',
        }


class OverLimit(RateLimited):
    """Raised with what the headers need."""

    def __init__(self, allowance: Allowance) -> None:
        super().__init__(
            f"More than {allowance.quota} requests in {allowance.window} seconds.",
            retry_after=allowance.reset,
        )
        self.allowance = allowance


@cache
def shared_redis() -> Redis:
    """This process's connections to Redis, for what it counts. They give up after two seconds."""
    return Redis.from_url(settings.BROKER_URL, socket_timeout=2, socket_connect_timeout=2)


def take(*, policy: str, caller: str) -> Allowance | None:
    """Count one request of `caller` under `policy`, a key of settings.API_RATE_LIMITS.

    None when Redis does not answer: the limit protects the service, it must not take it down.
    Raises OverLimit.
    """
    quota, window = settings.API_RATE_LIMITS[policy]
    try:
        passed, left, wait = shared_redis().eval(
            _SCRIPT, 1, f"rate:{policy}:{caller}", quota, window
        )
    except RedisError as error:
        logger.warning("api.rate_limit_unavailable", error=str(error))
        return None
    allowance = Allowance(policy, quota, window, int(left), math.ceil(int(wait) / 1000))
    if not passed:
        raise OverLimit(allowance)
    return allowance
