"""The starter's settings for the tests, with a Valkey of this process's own."""

import os

from backend.private_valkey import Valkey

VALKEY = Valkey()
# Values of a developer's own, in `.env` too, have no say here; only DATABASE_URL does, to test on PostgreSQL.
# Child processes, a `manage.py` for one, run with the starter's settings and these values.
os.environ.update(
    CHATTABLE_DEMO="0",
    CHATTABLE_MODEL="",
    CHATTABLE_MODELS="",
    DEBUG="0",
    DJANGO_SETTINGS_MODULE="config.settings",
    LOG_LEVEL="INFO",
    OPENAI_API_KEY="test",
    OPENAI_BASE_URL="http://127.0.0.1:9/v1",
    REDIS_URL=VALKEY.url,
    SECRET_KEY="a key for the tests only",
    SECURE_COOKIES="0",
    SECURE_PROXY_SSL_HEADER="0",
)
os.environ.setdefault("DATABASE_URL", "")

from config.settings import *  # noqa: E402, F403
from config.settings import DATABASES, INSTALLED_APPS  # noqa: E402

# Faults and counts are hung on new connections, and no thread may keep one when the database is removed.
DATABASES["default"]["CONN_MAX_AGE"] = 0

# A second kind of owner.
INSTALLED_APPS = [*INSTALLED_APPS, "backend.teams"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# One address signs in as often as the tests do.
ACCOUNT_RATE_LIMITS = False
