"""What is sealed opens again, here and nowhere else."""

import pytest
from pytest_django import Settings

from minigiants.core.sealing import Unsealable, seal, unseal


def test_what_is_sealed_opens_again_and_shows_nothing() -> None:
    sealed = seal("the secret ✓")
    assert "secret" not in sealed
    assert seal("the secret ✓") != sealed
    assert unseal(sealed) == "the secret ✓"


def test_another_installation_opens_nothing(settings: Settings) -> None:
    sealed = seal("x")
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another"
    with pytest.raises(Unsealable):
        unseal(sealed)
    settings.SECRET_KEY_FALLBACKS = [old]
    assert unseal(sealed) == "x"


@pytest.mark.parametrize("text", ["", "x", "gAAAA"])
def test_what_was_never_sealed(text: str) -> None:
    with pytest.raises(Unsealable):
        unseal(text)
