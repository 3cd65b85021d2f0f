"""What comes back from the cache."""

import pytest
from django.core.cache import cache

pytestmark = pytest.mark.usefixtures("empty_redis")


@pytest.mark.parametrize("value", [None, True, 7, 1.5, "text", [1.5, 2.5], {"a": [1, None]}])
def test_values_come_back(value: object) -> None:
    cache.set("key", value, timeout=60)

    assert cache.get("key") == value
    assert type(cache.get("key")) is type(value)


def test_numbers_count_up() -> None:
    cache.set("key", 7)

    assert cache.incr("key", 3) == 10
    assert cache.get("key") == 10


@pytest.mark.parametrize(
    "value", [object(), b"bytes", float("nan")], ids=["object", "bytes", "nan"]
)
def test_what_has_no_json_is_refused(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        cache.set("key", value)
