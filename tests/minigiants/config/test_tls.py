"""What an https address changes: read by a process of its own, as a server reads its settings."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
READ = """
import json
from minigiants.config import settings as s
print(json.dumps({name: getattr(s, name) for name in (
    "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SESSION_COOKIE_SAMESITE",
    "CSRF_COOKIE_SAMESITE", "SECURE_HSTS_SECONDS", "SECURE_PROXY_SSL_HEADER",
    "ACCOUNT_DEFAULT_HTTP_PROTOCOL", "CSRF_TRUSTED_ORIGINS")}))
"""


def settings_at(address: str) -> dict[str, object]:
    environment = os.environ | {
        "MINIGIANTS_BASE_URL": address,
        "PYTHONPATH": f"{ROOT / 'platform'}{os.pathsep}{ROOT}",
    }
    answer = subprocess.run(
        [sys.executable, "-c", READ], env=environment, capture_output=True, text=True, check=True
    )
    found: dict[str, object] = json.loads(answer.stdout)
    return found


def test_behind_tls_cookies_are_secure_and_hsts_is_sent() -> None:
    found = settings_at("https://minigiants.example")
    assert found["SESSION_COOKIE_SECURE"] is found["CSRF_COOKIE_SECURE"] is True
    assert found["SESSION_COOKIE_SAMESITE"] == found["CSRF_COOKIE_SAMESITE"] == "Lax"
    assert found["SECURE_HSTS_SECONDS"] == 365 * 24 * 60 * 60
    assert found["SECURE_PROXY_SSL_HEADER"] == ["HTTP_X_FORWARDED_PROTO", "https"]
    assert found["ACCOUNT_DEFAULT_HTTP_PROTOCOL"] == "https"
    assert found["CSRF_TRUSTED_ORIGINS"] == ["https://minigiants.example"]


def test_without_tls_nobody_is_locked_out() -> None:
    found = settings_at("http://127.0.0.1:8000")
    assert found["SESSION_COOKIE_SECURE"] is found["CSRF_COOKIE_SECURE"] is False
    assert found["SECURE_HSTS_SECONDS"] == 0
    # Nobody may claim to have come by TLS where no proxy says so.
    assert found["SECURE_PROXY_SSL_HEADER"] is None
