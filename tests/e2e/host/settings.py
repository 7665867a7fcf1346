"""As little as the page needs."""

import os
from pathlib import Path

from django.utils.csp import CSP

ROOT = Path(__file__).resolve().parents[3]
SECRET_KEY = "a host's own, which it keeps for itself"
ALLOWED_HOSTS = ["*"]
AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "login"
CSRF_COOKIE_NAME = "of_host"
INSTALLED_APPS = [
    "chattable",
    "accounts",
    "channels",
    "rest_framework",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
]
MIDDLEWARE = [
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
SECURE_CSP = {
    "default-src": [CSP.NONE],
    **{f"{kind}-src": [CSP.SELF] for kind in ("script", "style", "img", "font", "connect")},
}
ROOT_URLCONF = "e2e.host.urls"
LOGIN = """<link rel="icon" href="/assistant/favicon.svg">
<form method="post">{% csrf_token %}{{ form }}<button>Enter</button></form>
"""
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {"loaders": [("django.template.loaders.locmem.Loader", {"registration/login.html": LOGIN})]},
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("HOST_DATABASE", ":memory:"),
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL"},
    }
}
CELERY_BROKER_URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")
CELERY_TASK_DEFAULT_QUEUE = "chattable"
CHANNEL_LAYERS = {"default": {"BACKEND": "chattable.layers.ChattableLayer", "CONFIG": {"hosts": [CELERY_BROKER_URL]}}}
CHATTABLE = {"PAGE": ROOT / "frontend" / "dist", "MODEL": "demo-fast"}
