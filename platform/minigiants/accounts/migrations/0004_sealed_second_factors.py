"""The secrets of second factors, which lay in the database in the open, are sealed."""

from collections.abc import Callable

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from minigiants.core.sealing import seal, unseal

SECRETS = ("secret", "seed")
"""Of an authenticator app, and of a set of recovery codes."""


def _change(apps: Apps, change: Callable[[str], str]) -> None:
    factors = apps.get_model("mfa", "Authenticator").objects
    for factor in factors.select_for_update().filter(data__has_any_keys=SECRETS):
        factor.data |= {key: change(factor.data[key]) for key in SECRETS if key in factor.data}
        factor.save(update_fields=["data"])


def seal_factors(apps: Apps, _schema: BaseDatabaseSchemaEditor | None) -> None:
    _change(apps, seal)


def unseal_factors(apps: Apps, _schema: BaseDatabaseSchemaEditor | None) -> None:
    _change(apps, unseal)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_mail_kinds_and_profiles"),
        ("mfa", "0003_authenticator_type_uniq"),
    ]

    operations = [migrations.RunPython(seal_factors, unseal_factors)]
