"""From the old names that an EMAIL_URL is parsed into to the options of a Django mailer."""

from typing import Any

SMTP_OPTIONS = {
    "EMAIL_HOST": "host",
    "EMAIL_PORT": "port",
    "EMAIL_HOST_USER": "username",
    "EMAIL_HOST_PASSWORD": "password",
    "EMAIL_USE_TLS": "use_tls",
    "EMAIL_USE_SSL": "use_ssl",
}
# A mail server that does not answer must not hold a page for minutes.
SMTP_TIMEOUT_SECONDS = 10


def mailer(config: dict[str, Any]) -> dict[str, Any]:
    """One entry of ``settings.MAILERS``."""
    backend = config["EMAIL_BACKEND"]
    options: dict[str, Any] = {}
    if "smtp" in backend:
        options = {new: config[old] for old, new in SMTP_OPTIONS.items() if config.get(old)}
        options["timeout"] = SMTP_TIMEOUT_SECONDS
    elif "filebased" in backend:
        options = {"file_path": config["EMAIL_FILE_PATH"]}
    return {"BACKEND": backend, "OPTIONS": options}
