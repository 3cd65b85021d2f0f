"""Pickles in Redis, where the platform keeps its cache and all its messages.

Whoever could write there would otherwise run what they like in the web process. That a worker's
user can't write there is in tests/evaluator/test_broker.py; that a worker drops a pickled message,
in tests/evaluator/worker/test_celery.py.
"""

import json
import pickle
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache, caches
from django.core.cache.backends.redis import RedisSerializer
from kombu.exceptions import ContentDisallowed
from redis import Redis

from minigiants.config.celery import app
from tests.support.bomb import Bomb

serialization: Any = import_module("kombu.serialization")  # it has hints for half of its functions


@pytest.fixture
def sign(tmp_path: Path) -> Path:
    """The folder that is there once a pickle was executed."""
    return tmp_path / "executed"


def test_the_cache(empty_redis: None, redis_admin_url: str, sign: Path) -> None:
    poison = pickle.dumps(Bomb(sign))
    with Redis.from_url(redis_admin_url) as attacker:
        attacker.set(cache.make_key("known"), poison)
    with pytest.raises((UnicodeDecodeError, json.JSONDecodeError)):
        cache.get("known")
    assert not sign.exists()
    # The control: what Django does unless it is told otherwise.
    RedisSerializer().loads(poison)
    assert sign.is_dir()


def test_messages_to_the_platform(sign: Path) -> None:
    kind, encoding, poison = serialization.dumps(Bomb(sign), serializer="pickle")

    def load(*, accept: list[str]) -> None:
        accepted = serialization.prepare_accept_content(accept)
        serialization.loads(poison, kind, encoding, accept=accepted)

    with pytest.raises(ContentDisallowed):
        load(accept=app.conf.accept_content)
    assert not sign.exists()
    # The control: a consumer that takes what comes.
    load(accept=["pickle"])
    assert sign.is_dir()


def test_every_cache_keeps_json(empty_redis: None) -> None:
    for each in caches.all(initialized_only=False):
        with pytest.raises(TypeError):
            each.set("object", object())
