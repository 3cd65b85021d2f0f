"""Reading settings from the environment, with errors that name the variable."""

import os
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from minigiants.core.s3_location import S3Location, s3_location

_PLANNING = "-c join_collapse_limit=4 -c jit=off"
"""How PostgreSQL is to think about queries: briefly.

Django writes joins in an order that follows the foreign keys, and the rows are few. To try every
order of the ten joins behind a submission took PostgreSQL 20 ms, to run the query 0.1 ms.
"""


def required(name: str) -> str:
    """The value of an environment variable that must be there."""
    value = os.environ.get(name, "")
    if not value:
        raise ImproperlyConfigured(
            f"{name} is not set. `minigiants server up` sets it; "
            "elsewhere see the table at the head of minigiants/config/settings.py."
        )
    return value


def database(url: str) -> dict[str, Any]:
    """Django's database settings from a postgresql:// URL; `?host=` may name a socket's folder."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(
            "MINIGIANTS_DATABASE_URL must be a postgresql:// URL: PostgreSQL is the one database "
            "that Minigiants runs on."
        )
    query = parse_qs(parts.query)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.get("host", [parts.hostname or ""])[0],
        "PORT": query.get("port", [str(parts.port or "")])[0],
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "pool": {"min_size": 1, "max_size": 12, "timeout": 10},
            "options": _PLANNING,
        },
    }


def networks(text: str) -> list[str]:
    """The networks in a comma-separated list, each such as 10.0.0.0/8."""
    try:
        return [str(ip_network(item.strip())) for item in text.split(",") if item.strip()]
    except ValueError as error:
        raise ImproperlyConfigured(f"MINIGIANTS_WEBHOOK_NETWORKS: {error}.") from None


def email(url: str) -> dict[str, Any]:
    """Django's e-mail settings from a URL: consolemail://, smtp:// or smtps://."""
    parts = urlsplit(url)
    if parts.scheme == "consolemail":
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    if parts.scheme in {"smtp", "smtps"}:
        return {
            "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "EMAIL_HOST": parts.hostname or "localhost",
            "EMAIL_PORT": parts.port or (465 if parts.scheme == "smtps" else 25),
            "EMAIL_HOST_USER": unquote(parts.username or ""),
            "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
            "EMAIL_USE_SSL": parts.scheme == "smtps",
            "EMAIL_TIMEOUT": 20,
        }
    raise ImproperlyConfigured(
        "MINIGIANTS_EMAIL_URL must start with consolemail://, smtp:// or smtps://."
    )


def blobs(place: str) -> Path | S3Location:
    """Where blobs lie: a folder, or the bucket that s3://BUCKET/PREFIX names."""
    if "://" not in place:
        return Path(place)
    try:
        return s3_location(place)
    except ValueError as error:
        raise ImproperlyConfigured(f"MINIGIANTS_BLOBS: {error}") from error
