"""The accounts with which a fresh installation can be tried at once."""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from allauth.account.models import EmailAddress
from django.db import transaction

from minigiants.accounts.models import User
from minigiants.core.audit import audit_write


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """How to log in. The password is random and stands nowhere but in the file."""

    email: str
    username: str
    password: str
    role: str


_ROLES = {"admin": "operator", "demo": "participant"}


@transaction.atomic
def demo_accounts_make(*, file: Path) -> list[DemoAccount]:
    """Make the demo accounts that are missing. Returns all that `file` lists.

    An account that exists is left as it is, so passwords that people have changed stay changed.
    The file is written before the accounts are: after a crash in between, the next call makes
    the accounts that the file promises.
    """
    known = {account.username: account for account in _read(file)}
    missing = [
        username for username in _ROLES if not User.objects.filter(username=username).exists()
    ]
    for username in missing:
        known.setdefault(
            username,
            DemoAccount(
                email=f"{username}@minigiants.test",
                username=username,
                password=secrets.token_urlsafe(12),
                role=_ROLES[username],
            ),
        )
    if missing:
        _write(file, list(known.values()))
    for username in missing:
        _make(known[username])
    return list(known.values())


def _make(account: DemoAccount) -> None:
    operates = account.role == "operator"
    user = User.objects.create_user(
        account.username,
        account.email,
        account.password,
        is_staff=operates,
        is_superuser=operates,
    )
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    audit_write(actor=None, action="account.demo", target=user, role=account.role)


def _read(file: Path) -> list[DemoAccount]:
    if not file.exists():
        return []
    return [DemoAccount(**entry) for entry in json.loads(file.read_text(encoding="utf-8"))]


def _write(file: Path, accounts: list[DemoAccount]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump([asdict(account) for account in accounts], stream, indent=2)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(file)
