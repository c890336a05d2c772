"""From an EMAIL_URL to one of Django's mailers."""

from typing import Any, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

# A mail server that does not answer must not hold a page for minutes.
SMTP_TIMEOUT_SECONDS = 10


class Smtp(NamedTuple):
    port: int
    encryption: dict[str, bool]


STARTTLS = Smtp(587, {"use_tls": True})
IMPLICIT_TLS = Smtp(465, {"use_ssl": True})
SMTP = {
    "smtp": Smtp(25, {}),
    "smtp+tls": STARTTLS,
    "submission": STARTTLS,
    "smtp+ssl": IMPLICIT_TLS,
    "smtps": IMPLICIT_TLS,
}


def mailer(url: str) -> dict[str, Any]:
    """One entry of ``settings.MAILERS``.

    Raises ImproperlyConfigured, which never repeats the URL: there may be a password in it.
    """
    try:
        backend, options = read(urlsplit(url))
    except ValueError:
        raise ImproperlyConfigured(
            "EMAIL_URL can't be read. Write console://, dummy://, file:///folder or "
            "smtp+tls://user:password@host:587 (also smtp+ssl:// and smtp://), without options "
            "and with the special characters of a password percent-encoded."
        ) from None
    return {"BACKEND": f"django.core.mail.backends.{backend}.EmailBackend", "OPTIONS": options}


def read(parts: SplitResult) -> tuple[str, dict[str, Any]]:
    """The backend's module and its options. Raises ValueError."""
    unread = parts.query or parts.fragment
    if parts.scheme in SMTP and parts.hostname and not (unread or parts.path.strip("/")):
        return "smtp", smtp_options(parts)
    if parts.scheme == "file" and parts.path.strip("/") and not (unread or parts.netloc):
        return "filebased", {"file_path": unquote(parts.path)}
    if parts.scheme in {"console", "dummy"} and not any(parts[1:]):
        return parts.scheme, {}
    raise ValueError


def smtp_options(parts: SplitResult) -> dict[str, Any]:
    port, encryption = SMTP[parts.scheme]
    login = {"username": parts.username, "password": parts.password}
    return {
        "host": parts.hostname,
        "port": parts.port or port,
        "timeout": SMTP_TIMEOUT_SECONDS,
        **{name: unquote(value) for name, value in login.items() if value},
        **encryption,
    }
