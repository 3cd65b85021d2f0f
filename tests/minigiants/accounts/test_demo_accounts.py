"""A fresh installation can be logged in to, with passwords that nobody can guess."""

import json
import stat
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from minigiants.accounts.demo_accounts import demo_accounts_make
from minigiants.accounts.models import User

pytestmark = pytest.mark.django_db


def test_the_file_says_how_to_log_in(tmp_path: Path, client: Client) -> None:
    file = tmp_path / "deep" / "demo.json"
    demo_accounts_make(file=file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    entries = {entry["username"]: entry for entry in json.loads(file.read_text())}
    assert {name: entry["role"] for name, entry in entries.items()} == {
        "admin": "operator",
        "demo": "participant",
    }
    for name, entry in entries.items():
        assert len(entry["password"]) >= 16
        assert client.login(username=name, password=entry["password"])
        address = EmailAddress.objects.get(email=entry["email"])
        assert address.verified
        assert address.primary
    assert entries["admin"]["password"] != entries["demo"]["password"]
    assert User.objects.get(username="admin").is_superuser
    assert not User.objects.get(username="demo").is_staff


def test_a_second_time_changes_nothing(tmp_path: Path, client: Client) -> None:
    file = tmp_path / "demo.json"
    first = demo_accounts_make(file=file)
    demo = User.objects.get(username="demo")
    demo.set_password("a password of my own")
    demo.save()
    written = file.read_bytes()
    assert demo_accounts_make(file=file) == first
    assert file.read_bytes() == written
    assert client.login(username="demo", password="a password of my own")


def test_accounts_that_the_file_promises_are_made(tmp_path: Path, client: Client) -> None:
    file = tmp_path / "demo.json"
    first = {account.username: account for account in demo_accounts_make(file=file)}
    User.objects.all().delete()
    demo_accounts_make(file=file)
    assert client.login(username="admin", password=first["admin"].password)


def test_a_lost_file_resets_nobodys_password(tmp_path: Path) -> None:
    file = tmp_path / "demo.json"
    demo_accounts_make(file=file)
    before = User.objects.get(username="admin").password
    file.unlink()
    assert demo_accounts_make(file=file) == []
    assert not file.exists()
    assert User.objects.get(username="admin").password == before
