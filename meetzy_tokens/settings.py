"""Everything comes from the environment; ``README.md`` has the table of variables."""

from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP
from environs import Env

from accounts.tokens import Keyring
from meetzy_tokens.generated import generated_secrets
from meetzy_tokens.mail import mailer

env = Env()

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(env.str("MEETZY_VAR", str(BASE_DIR / "var"))).resolve()

DEBUG = env.bool("DEBUG", False)
SITE_URL = env.str("SITE_URL", "http://127.0.0.1:8000" if DEBUG else "https://localhost").rstrip(
    "/"
)
SITE = urlsplit(SITE_URL)
# Plain http is for development and for trying the product on one's own machine, nothing else.
OWN_MACHINE = ("127.0.0.1", "localhost", "::1")
HTTPS = not DEBUG and not (SITE.scheme == "http" and SITE.hostname in OWN_MACHINE)

# -- Secrets ---------------------------------------------------------------------------------------


def own_secret(name: str) -> str:
    """A secret from the environment, or one that this installation made for itself."""
    secret = env.str(name, "") or kept_secrets().get(name, "")
    if not secret:
        raise ImproperlyConfigured(
            f"{name} is not set. Give this installation its own {name} (README.md, Configuration)."
        )
    return secret


def kept_secrets() -> dict[str, str]:
    """Those in MEETZY_VAR: `./dev run` and development make them, after that they count as own."""
    makes = DEBUG or env.bool("MEETZY_GENERATE_SECRETS", False)
    return generated_secrets(VAR_DIR) if makes or (VAR_DIR / "secrets.env").exists() else {}


SECRET_KEY = own_secret("SECRET_KEY")
try:
    TOKEN_KEYRING = Keyring.parse(own_secret("TOKEN_PEPPERS"))
except ValueError as problem:
    raise ImproperlyConfigured(f"TOKEN_PEPPERS can't be read: {problem}.") from None

# -- Where it is reached ---------------------------------------------------------------------------

ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS", [SITE.hostname or "localhost", "localhost", "127.0.0.1", "[::1]"]
)
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", 0)
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# -- Application -----------------------------------------------------------------------------------

INSTALLED_APPS = [
    "accounts",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "ninja",
]

# The first one answers API calls by itself: sessions, CSRF and the rest are for pages only.
MIDDLEWARE = [
    "accounts.middleware.BearerMiddleware",
    "accounts.observing.ObservingMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "meetzy_tokens.middleware.NoStoreMiddleware",
    "meetzy_tokens.plain_text.PlainTextMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "meetzy_tokens.middleware.SignInRequiredMiddleware",
    "accounts.middleware.TimeZoneMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "meetzy_tokens.urls"
WSGI_APPLICATION = "meetzy_tokens.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csp",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# -- Stores ----------------------------------------------------------------------------------------

# Seconds a web worker waits for a silent PostgreSQL; commands (0) wait as long as it takes.
DATABASE_TIMEOUT = env.float("DATABASE_TIMEOUT", 0)
DATABASES = {"default": env.dj_db_url("DATABASE_URL", f"sqlite:///{VAR_DIR / 'db.sqlite3'}")}
DATABASE = DATABASES["default"]
DATABASE["CONN_MAX_AGE"] = None
DATABASE["CONN_HEALTH_CHECKS"] = True
if DATABASE["ENGINE"] == "django.db.backends.sqlite3":
    DATABASE["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 2,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; "
        "PRAGMA foreign_keys=ON",
    }
elif DATABASE["ENGINE"] != "django.db.backends.postgresql":
    raise ImproperlyConfigured("DATABASE_URL must begin with sqlite:// or postgres://.")
else:
    DATABASE["ENGINE"] = "meetzy_tokens.postgresql"
    DATABASE["OPTIONS"] = {"connect_timeout": 2} | DATABASE.get("OPTIONS", {})

REDIS_URL = env.str("REDIS_URL", "") or None
COUNTERS_IN_MEMORY = {
    "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
    "LOCATION": "counters",
    # The default keeps 300 entries and drops the rest, which would reset throttles.
    "OPTIONS": {"MAX_ENTRIES": 100_000},
}
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "counters": {"BACKEND": "meetzy_tokens.cache.ResilientRedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    else COUNTERS_IN_MEMORY,
}
RATELIMIT_USE_CACHE = "counters"
# At the call at which Redis goes, a counter may be missing; nobody is refused for that.
RATELIMIT_FAIL_OPEN = True
RATELIMIT_IP_META_KEY = "accounts.addresses.client_address"
USAGE_FLUSH_SECONDS = 1.0
MAIL_IN_BACKGROUND = True

# -- People ----------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "tokens"
LOGOUT_REDIRECT_URL = "sign_in"
PASSWORD_RESET_TIMEOUT = 3600

MAILERS = {"default": mailer(env.str("EMAIL_URL", "console://"))}
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", f"Meetzy <no-reply@{SITE.hostname}>")

# -- Browser security ------------------------------------------------------------------------------

SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF, CSP.NONCE],
    "style-src": [CSP.SELF, CSP.NONCE],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "manifest-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}
CSRF_FAILURE_VIEW = "meetzy_tokens.error_pages.csrf_failure"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^(healthz|metrics)$"]
SECURE_HSTS_SECONDS = 63_072_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
# No form takes files; by default a stranger could have large ones written to the disk.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]

# -- Static files, language, time ------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

LANGUAGE_CODE = "en-gb"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

# -- What operators see ----------------------------------------------------------------------------

# Opens /metrics to whoever sends it as a bearer; without one only staff see them.
METRICS_TOKEN = env.str("METRICS_TOKEN", "")
if METRICS_TOKEN and len(METRICS_TOKEN) < 16:
    raise ImproperlyConfigured("METRICS_TOKEN is shorter than 16 characters.")
if not Path(env.str("PROMETHEUS_MULTIPROC_DIR", ".")).is_dir():
    raise ImproperlyConfigured("PROMETHEUS_MULTIPROC_DIR names no folder.")
LOG_FORMAT = env.str("LOG_FORMAT", "text")
if LOG_FORMAT not in {"text", "json"}:
    raise ImproperlyConfigured("LOG_FORMAT must be text or json.")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {
            "()": "meetzy_tokens.logs.TextFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s: %(message)s",
        },
        "json": {"()": "meetzy_tokens.logs.JsonFormatter"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {"django": {"handlers": ["stderr"], "level": "INFO", "propagate": False}},
}
