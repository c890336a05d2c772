"""Mails to people, each with a text and an HTML part, and with a way out for those that repeat."""

import email.policy
import logging
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email.headerregistry import BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from typing import Any

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from accounts.models import User

logger = logging.getLogger(__name__)

UNSUBSCRIBE_SALT = "accounts.mail.unsubscribe"
# Mails are found again years later, but an address must not stay a key for ever.
UNSUBSCRIBE_HOLDS = timedelta(days=365)
# The fields of User that turn mails off, and how the page names those mails.
SWITCHES = {
    "expiry_reminders": "before your API tokens expire",
    "new_address_mails": "when an API token is used from a new address",
}

CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

# One thread a process: a slow mail server delays other mails, never an answer or a batch of usage.
postman = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail")


class Address(UnstructuredHeader, BaseHeader):
    """A header that holds one URL. Python would break a long one into encoded words (RFC 2047),
    which no mail program takes for an address."""

    def fold(self, *, policy: email.policy.Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


HEADERS = HeaderRegistry()
HEADERS.map_to_type("list-unsubscribe", Address)


class Mail(EmailMultiAlternatives):
    def message(self, *, policy: Any = email.policy.default) -> EmailMessage:
        return super().message(policy=policy.clone(header_factory=HEADERS))


def send(name: str, user: User, *, switch: str = "", **context: Any) -> None:
    """Send the mail that ``templates/accounts/mail/<name>.txt`` and ``.html`` make.

    The first line of its text is the subject. `switch` names the field of User that turns such
    mails off; the mail then carries a link and the headers for unsubscribing with one click
    (RFC 8058). Raises what the mail server raised.
    """
    compose(name, user, switch=switch, **context).send()


def send_later(name: str, user: User, *, switch: str = "", **context: Any) -> None:
    """Send without waiting; what goes wrong is logged, without the mail's content."""
    message = compose(name, user, switch=switch, **context)
    in_background(_deliver, name, message)


def in_background(deliver: Callable[..., None], *arguments: Any, **options: Any) -> None:
    if not settings.MAIL_IN_BACKGROUND:
        deliver(*arguments, **options)
        return
    try:
        postman.submit(deliver, *arguments, **options)
    except RuntimeError:  # the process ends: its last calls are written, and threads take no more
        deliver(*arguments, **options)


def compose(name: str, user: User, *, switch: str, **context: Any) -> Mail:
    context |= {"user": user, "site_url": settings.SITE_URL}
    headers = {}
    if switch:
        context["unsubscribe_url"] = url = settings.SITE_URL + unsubscribe_path(user, switch)
        headers = {
            "List-Unsubscribe": f"<{url}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
    with timezone.override(user.zone):
        subject, _, text = render_to_string(f"accounts/mail/{name}.txt", context).partition("\n")
        html = render_to_string(f"accounts/mail/{name}.html", context)
    message = Mail(one_line(subject), text.lstrip(), to=[user.email], headers=headers)
    message.attach_alternative(html, "text/html")
    return message


def one_line(text: str) -> str:
    """Without what ends a line anywhere, or what a terminal would obey."""
    return " ".join(CONTROLS.sub(" ", text).split())


def _deliver(name: str, message: Mail) -> None:
    try:
        message.send()
    except Exception:
        logger.exception("the mail %s could not be sent", name)


def unsubscribe_path(user: User, switch: str) -> str:
    ticket = signing.dumps([user.pk, switch], salt=UNSUBSCRIBE_SALT)
    return reverse("unsubscribe", args=[ticket])


def read_unsubscribe(ticket: str) -> tuple[User, str]:
    """Whose mails of which switch a link turns off. Raises BadSignature or User.DoesNotExist."""
    pk, switch = signing.loads(ticket, salt=UNSUBSCRIBE_SALT, max_age=UNSUBSCRIBE_HOLDS)
    if switch not in SWITCHES:
        raise signing.BadSignature("of a switch that is no more")
    return User.objects.get(pk=pk), switch
