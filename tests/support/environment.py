"""The settings that tests run under: those of a fresh installation, in a folder of its own.

Importing this module sets Django up, so it comes before anything of ours is imported.
"""

import atexit
import logging
import os
import shutil
import tempfile
from pathlib import Path

VAR = Path(tempfile.mkdtemp(prefix="meetzy-tests-"))
atexit.register(shutil.rmtree, VAR, ignore_errors=True)

# What a developer's shell or a CI sets for other purposes must not change what is tested.
for name in (
    "ALLOWED_HOSTS",
    "CSRF_TRUSTED_ORIGINS",
    "DATABASE_TIMEOUT",
    "DEBUG",
    "DEFAULT_FROM_EMAIL",
    "EMAIL_URL",
    "LOG_FORMAT",
    "MEETZY_GENERATE_SECRETS",
    "METRICS_TOKEN",
    "PROMETHEUS_MULTIPROC_DIR",
    "TRUSTED_PROXIES",
):
    os.environ.pop(name, None)

os.environ |= {
    "DJANGO_SETTINGS_MODULE": "meetzy_tokens.settings",
    "DJANGO_ALLOW_ASYNC_UNSAFE": "true",  # Playwright runs an event loop beside the ORM
    "MEETZY_VAR": str(VAR),
    "SECRET_KEY": "a secret of nobody's, for tests alone, and long enough for every check",
    "SITE_URL": "http://127.0.0.1:8000",
    "TOKEN_PEPPERS": "1:the first pepper of the tests,2:the second pepper of the tests",
}

# Serves files from where they are, so that tests need none collected.
IN_PLACE = "django.contrib.staticfiles.storage.StaticFilesStorage"

import django  # noqa: E402
from django.conf import settings  # noqa: E402

# Threads and other processes see a database in a file, not one in memory.
if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    settings.DATABASES["default"]["TEST"] = {"NAME": str(VAR / "test.sqlite3")}
settings.PASSWORD_HASHERS = ["tests.support.hashers.QuickScrypt", *settings.PASSWORD_HASHERS]
settings.STORAGES |= {"staticfiles": {"BACKEND": IN_PLACE}}
settings.USAGE_FLUSH_SECONDS = 0  # a test that wants last uses written flushes them
settings.MAIL_IN_BACKGROUND = False  # the outbox of a test is full when its call returns
settings.STATIC_ROOT.mkdir()
django.setup()
logging.getLogger("httpx").setLevel(logging.WARNING)

from tests.support.append_only import let_tests_flush  # noqa: E402

let_tests_flush()
