"""Settings. Everything that differs between installations comes from the environment.

| variable | meaning |
| --- | --- |
| MINIGIANTS_DATABASE_URL | postgresql://user:password@host/name, or ?host=/folder/of/the/socket |
| MINIGIANTS_BROKER_URL | redis://user:password@host:port/0, as the Redis user `platform` |
| MINIGIANTS_SECRET_KEY | signs sessions and URLs, and seals secrets that the database keeps |
| MINIGIANTS_SECRET_KEY_FALLBACKS | comma-separated secret keys of before, which still open |
| MINIGIANTS_BASE_URL | how people and workers reach this installation |
| MINIGIANTS_ALLOWED_HOSTS | comma-separated host names; the base URL's own is always allowed |
| MINIGIANTS_BLOBS | where models and data lie: a folder, or s3://bucket/prefix |
| MINIGIANTS_S3_ENDPOINT | URL of a store that speaks S3 and is not Amazon's |
| MINIGIANTS_PACKS | folder with the packs that `manage.py seed` publishes |
| MINIGIANTS_STATIC | folder with what `collectstatic` made; without it, files come as they are |
| MINIGIANTS_DOCS | folder with the documentation that is shown at /docs |
| MINIGIANTS_EMAIL_URL | consolemail://, smtp://user:password@host:port or smtps://… |
| MINIGIANTS_EMAIL_FROM | the sender of mails |
| MINIGIANTS_WEBHOOK_NETWORKS | comma-separated networks, not public, that webhooks may reach |
| MINIGIANTS_DEBUG | 1 shows tracebacks in the browser; never in production |
| MINIGIANTS_LOG_LEVEL | DEBUG, INFO, WARNING, … |
"""

import os
from pathlib import Path
from urllib.parse import urlsplit

import django_stubs_ext
from csp.constants import NONCE, NONE, SELF

from minigiants.config import logs
from minigiants.config.environment import blobs, database, email, networks, required

# Lets Django's generic classes be written with their model, as the type checker wants them.
django_stubs_ext.monkeypatch()

ROOT = Path(__file__).resolve().parents[3]

DEBUG = os.environ.get("MINIGIANTS_DEBUG") == "1"
SECRET_KEY = required("MINIGIANTS_SECRET_KEY")
SECRET_KEY_FALLBACKS = list(
    filter(None, os.environ.get("MINIGIANTS_SECRET_KEY_FALLBACKS", "").split(","))
)
BASE_URL = os.environ.get("MINIGIANTS_BASE_URL", "http://127.0.0.1:8000").rstrip("/")
_base = urlsplit(BASE_URL)
ALLOWED_HOSTS = [
    _base.hostname or "127.0.0.1",
    *filter(None, os.environ.get("MINIGIANTS_ALLOWED_HOSTS", "").split(",")),
]
CSRF_TRUSTED_ORIGINS = [BASE_URL]
BROKER_URL = required("MINIGIANTS_BROKER_URL")
BLOBS = blobs(os.environ.get("MINIGIANTS_BLOBS") or str(ROOT / "home" / "blobs"))
DOCS_ROOT = Path(os.environ.get("MINIGIANTS_DOCS", ROOT / "docs"))
PACKS_ROOT = Path(os.environ.get("MINIGIANTS_PACKS", ROOT / "competitions"))

INSTALLED_APPS = [
    "minigiants.web",  # first: its templates override those of allauth
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "django_htmx",
    "minigiants.core",
    "minigiants.accounts",
    "minigiants.competitions",
    "minigiants.teams",
    "minigiants.artifacts",
    "minigiants.leaderboards",
    "minigiants.submissions",
    "minigiants.notifications",
    "minigiants.community",
    "minigiants.api",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "minigiants.api.middleware.api_answers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "minigiants.web.account_answers.AccountAnswers",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "minigiants.web.problem_pages.ProblemPages",
]
ROOT_URLCONF = "minigiants.config.urls"
ASGI_APPLICATION = "minigiants.config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "DIRS": [],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
            ]
        },
    }
]

DATABASES = {"default": database(required("MINIGIANTS_DATABASE_URL"))}
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": BROKER_URL,
        "KEY_PREFIX": "cache",
        "OPTIONS": {"serializer": "minigiants.core.cache_values.JsonValues"},
    }
}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"email", "username"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = _base.scheme
ACCOUNT_EMAIL_SUBJECT_PREFIX = "Minigiants: "
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_ADAPTER = "minigiants.accounts.account_mails.AccountMails"
MFA_ADAPTER = "minigiants.accounts.second_factors.SealedFactors"
ACCOUNT_USERNAME_BLACKLIST = ["admin", "minigiants", "baseline", "baselines", "host", "staff"]
EMAIL = email(os.environ.get("MINIGIANTS_EMAIL_URL", "consolemail://"))
globals().update(EMAIL)
DEFAULT_FROM_EMAIL = os.environ.get("MINIGIANTS_EMAIL_FROM", f"minigiants@{_base.hostname}")

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-gb"
STATIC_URL = "static/"
STATIC_ROOT = os.environ.get("MINIGIANTS_STATIC") or None
STORAGES = {
    "staticfiles": {
        "BACKEND": "minigiants.web.static_files.HashedFiles"
        if STATIC_ROOT
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    }
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
WHITENOISE_USE_FINDERS = DEBUG or not STATIC_ROOT
WHITENOISE_AUTOREFRESH = DEBUG
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024

SECURE_TLS = _base.scheme == "https"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_TLS
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_TLS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE_TLS else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        # With S3, browsers send parts straight to the store.
        "connect-src": [SELF, *([] if isinstance(BLOBS, Path) else [BLOBS.origin])],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# How long a worker may be silent, how often a lost attempt is tried again, and how long signed
# URLs and uploads live.
LEASE_SECONDS = 45
MAX_ATTEMPTS = 3
SIGNED_URL_SECONDS = 15 * 60
UPLOAD_SECONDS = 24 * 60 * 60
PRESENCE_SECONDS = 60
DISPATCH_BUFFER = 1

# Requests allowed within so many seconds, by what the caller shows: an API token, a browser's
# session, nothing but an address, a token that opens nothing, a worker's credential, or (by
# address, since several workers may share one) what belongs to one attempt.
API_RATE_LIMITS = {
    "token": (1200, 60),
    "session": (1200, 60),
    "address": (600, 60),
    "refused": (60, 60),
    "worker": (3000, 60),
    "attempt": (12_000, 60),
}

# Webhooks go to public addresses only, over HTTPS; to these networks in any way.
WEBHOOK_NETWORKS = networks(os.environ.get("MINIGIANTS_WEBHOOK_NETWORKS", ""))

# Long polls and event streams that one person may have open at a time.
API_PLACES = 100

logs.configure()
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": "structlog.stdlib.ProcessorFormatter",
            "foreign_pre_chain": logs.SHARED,
            "processors": [logs.remove_internals, logs.render],
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {
        "handlers": ["stderr"],
        "level": os.environ.get("MINIGIANTS_LOG_LEVEL", "INFO"),
    },
}
