"""Settings of the starter, from the environment and from `.env` in the repository's root."""

import logging
import os
from pathlib import Path
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP
from dotenv import load_dotenv

from config.connections import check_connection

BACKEND = Path(__file__).resolve().parent.parent
ROOT = BACKEND.parent
DATA = ROOT / ".run"
load_dotenv(ROOT / ".env")


def switch(name: str, default: bool = False) -> bool:
    """Whether the environment variable is 1; the default where it is empty."""
    return (os.environ.get(name) or "01"[default]) == "1"


def listed(name: str) -> list[str]:
    """The comma-separated parts of the environment variable."""
    return [part.strip() for part in os.environ.get(name, "").split(",") if part.strip()]


# Security. Cookies are for HTTPS only outside DEBUG; SECURE_COOKIES=0 is for trials over plain HTTP.
DEBUG = switch("DEBUG")
SECRET_KEY = os.environ.get("SECRET_KEY") or ("django-insecure-for-development-only" if DEBUG else "")
if not SECRET_KEY:
    raise ImproperlyConfigured("Set SECRET_KEY to 50 or more random characters, or DEBUG=1 to try things out.")
ALLOWED_HOSTS = listed("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = listed("CSRF_TRUSTED_ORIGINS")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = switch("SECURE_COOKIES", default=not DEBUG)
# Behind a proxy that ends TLS and always sets X-Forwarded-Proto itself.
BEHIND_TLS_PROXY = switch("SECURE_PROXY_SSL_HEADER")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS_PROXY else None
SECURE_SSL_REDIRECT = BEHIND_TLS_PROXY
# Its X-Forwarded-For tells whose sign-ins the limits count.
ALLAUTH_TRUSTED_PROXY_COUNT = int(BEHIND_TLS_PROXY)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 30 if BEHIND_TLS_PROXY else 0
# Subdomains and the browsers' preload list are for the domain's owner to decide.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_CSP: dict[str, list[str]] = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
}
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "config.errors.csrf_failure"

# Apps and requests.
INSTALLED_APPS = [
    "chattable",
    "accounts",
    "allauth",
    "allauth.account",
    "allauth.headless",
    "allauth.usersessions",
    "channels",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "config.errors.ErrorMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
STATIC_URL = "/static/"
USE_TZ = True
TIME_ZONE = "UTC"

# Database: SQLite in one file, or PostgreSQL through a pool of connections.
DATABASE_URL = os.environ.get("DATABASE_URL") or f"sqlite:///{DATA / 'db.sqlite3'}"
DATABASES: dict[str, Any] = {"default": dj_database_url.parse(DATABASE_URL)}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATA.mkdir(exist_ok=True)
    # A new connection reads the whole schema, which takes longer than a statement.
    DATABASES["default"]["CONN_MAX_AGE"] = 600
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    DATABASES["default"]["OPTIONS"] = {
        "pool": {"min_size": 1, "max_size": 20, "timeout": 10, "check": check_connection},
        # PostgreSQL plans a statement that comes again only once; a PgBouncer before it has to be 1.21 or newer.
        "server_side_binding": True,
        "prepare_threshold": 3,
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Valkey: cache, channel layer and queue. Short timeouts, so that a request fails fast while it is away.
REDIS_URL = os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379/0"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_connect_timeout": 2, "socket_timeout": 2},
    }
}
CHANNEL_LAYERS = {"default": {"BACKEND": "chattable.layers.ChattableLayer", "CONFIG": {"hosts": [REDIS_URL]}}}
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Answers are recovered by their lease, so the broker must never hand one out a second time.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": 2,
    "socket_timeout": 3,
    # Nothing is acknowledged, which would cost more than the job's own way through the queue.
    "ack_emulation": False,
}
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0.1}
CELERY_TASK_DEFAULT_QUEUE = "chattable"
CELERY_TASK_IGNORE_RESULT = True
# A worker takes what it can begin at once and leaves the rest to the others.
CELERY_WORKER_DISABLE_PREFETCH = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_REDIRECT_STDOUTS = False

# Accounts: email and password, by JSON for the page. The limits of allauth are on; they count in the cache.
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
HEADLESS_ONLY = True
HEADLESS_CLIENTS = ("browser",)

# The API.
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.ApiKeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "chattable.exceptions.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Chattable",
    "DESCRIPTION": "Chats, messages and streamed answers.",
    "VERSION": "1",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/",
    "OAS_VERSION": "3.1.1",
    "ENUM_NAME_OVERRIDES": {
        "Role": "chattable.models.Role",
        "MessageStatus": "chattable.models.Status",
        "Feature": "chattable.conf.FEATURES",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "chattable.schema.add_events",
    ],
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

# The chats. The provider's OPENAI_API_KEY and OPENAI_BASE_URL are read by the openai SDK itself.
CHATTABLE: dict[str, Any] = {
    "OWNER_RESOLVER": "accounts.authentication.resolve_owner",
    "MODELS": listed("CHATTABLE_MODELS") or None,
    "PAGE": ROOT / "frontend" / "dist",
    # What `accounts` has addresses for.
    "FEATURES": ["login", "signup", "password", "sessions", "api_keys", "delete_account"],
}
if model := os.environ.get("CHATTABLE_MODEL"):
    CHATTABLE["MODEL"] = model
# The built-in provider is in use: the page says so and, under DEBUG, offers this login.
DEMO = switch("CHATTABLE_DEMO")
DEMO_LOGIN = {"email": "demo@example.com", "password": "demo-chattable"}


# Logs go to stderr. Requests refused with 4xx are no news, and a 503 is logged where it arises.
def is_failure(record: logging.LogRecord) -> bool:
    """Whether a request failed for an unknown reason of ours."""
    return getattr(record, "status_code", 500) not in {*range(400, 500), 503}


LOG_LEVEL = os.environ.get("LOG_LEVEL", "INFO").upper()
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "filters": {"failures": {"()": "django.utils.log.CallbackFilter", "callback": is_failure}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": [], "level": LOG_LEVEL},
        "django.request": {"filters": ["failures"]},
    },
}
