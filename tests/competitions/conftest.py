"""The data of every reference competition, built once."""

from collections.abc import Callable
from functools import cache

import pytest

from tests.support.reference_packs import ReferencePack, build

BuildPack = Callable[[str], ReferencePack]


@pytest.fixture(scope="session")
def built_pack(tmp_path_factory: pytest.TempPathFactory) -> BuildPack:
    """Builds the pack of a slug when it is first asked for."""
    return cache(lambda slug: build(slug, tmp_path_factory.mktemp(slug)))
