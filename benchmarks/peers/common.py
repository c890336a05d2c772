"""Settings that all peers share: the fewest that work, tuned as ours are where that helps."""

import os
from typing import Any

import dj_database_url

SECRET_KEY = "of the benchmarks alone, and long enough"
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
USE_TZ = True
USE_I18N = False
MIDDLEWARE: list[str] = []
ROOT_URLCONF = "benchmarks.peers.urls"
WSGI_APPLICATION = "benchmarks.peers.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # nobody signs in
LOGGING = {"version": 1, "disable_existing_loggers": True}

LIMITS = os.environ.get("BENCH_LIMITS", "none")

DATABASES: dict[str, dict[str, Any]] = {
    "default": dict(dj_database_url.parse(os.environ["DATABASE_URL"]), CONN_MAX_AGE=None)
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 2,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; "
        "PRAGMA foreign_keys=ON",
    }

CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
if LIMITS == "redis":
    CACHES["default"] = {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": os.environ["REDIS_URL"],
        "KEY_PREFIX": os.environ["DJANGO_SETTINGS_MODULE"].split(".")[2],
    }

APPS = ["django.contrib.auth", "django.contrib.contenttypes"]
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_THROTTLE_RATES": {"minute": "100/min", "burst": "10/sec"},
}
