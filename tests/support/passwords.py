"""Passwords without the price of a real hash: what is slow on purpose would slow every test."""

import pytest
from pytest_django import Settings


@pytest.fixture(autouse=True)
def fast_passwords(settings: Settings) -> None:
    """Hash passwords with MD5, in tests only."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
