"""Second factors: sealed in the database, those of before too, and still what they were."""

from importlib import import_module

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.apps import apps
from pytest_django import Settings

from minigiants.core.sealing import Unsealable, unseal
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db

SEED = "5eed" * 20
sealing = import_module("minigiants.accounts.migrations.0004_sealed_second_factors")


@pytest.fixture(autouse=True)
def fresh(empty_redis: None) -> None:
    """No code has been used."""


def code_of(secret: str) -> str:
    code: str = format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))
    return code


def stored(kind: Authenticator.Type) -> dict[str, object]:
    data = Authenticator.objects.get(type=kind).data
    assert isinstance(data, dict)
    return data


def test_what_is_stored_opens_nothing() -> None:
    secret = generate_totp_secret()
    factor = TOTP.activate(UserFactory(), secret)
    sealed = stored(Authenticator.Type.TOTP)["secret"]
    assert secret not in str(sealed)
    assert unseal(str(sealed)) == secret
    assert factor.validate_code(code_of(secret))


def test_recovery_codes_are_not_to_be_made_from_what_is_stored() -> None:
    codes = RecoveryCodes.activate(UserFactory())
    first = codes.get_unused_codes()[0]
    sealed = str(stored(Authenticator.Type.RECOVERY_CODES)["seed"])
    seed = unseal(sealed)
    assert seed not in sealed
    assert codes.validate_code(first)
    assert first not in codes.get_unused_codes()


def test_factors_of_before_are_sealed_and_go_on_working() -> None:
    person, secret = UserFactory(), generate_totp_secret()
    app = Authenticator.objects.create(
        user=person, type=Authenticator.Type.TOTP, data={"secret": secret}
    )
    recovery = Authenticator.objects.create(
        user=person,
        type=Authenticator.Type.RECOVERY_CODES,
        data={"seed": SEED, "used_mask": 0b101},
    )
    sealing.seal_factors(apps, None)
    app.refresh_from_db()
    recovery.refresh_from_db()
    assert secret not in str(app.data)
    assert SEED not in str(recovery.data)
    assert TOTP(app).validate_code(code_of(secret))
    assert len(RecoveryCodes(recovery).get_unused_codes()) == 8

    sealing.unseal_factors(apps, None)
    app.refresh_from_db()
    recovery.refresh_from_db()
    assert app.data == {"secret": secret}
    assert recovery.data == {"seed": SEED, "used_mask": 0b101}


def test_under_another_secret_key_no_code_is_right(settings: Settings) -> None:
    secret = generate_totp_secret()
    factor = TOTP.activate(UserFactory(), secret)
    settings.SECRET_KEY = "another"
    with pytest.raises(Unsealable):
        factor.validate_code(code_of(secret))
