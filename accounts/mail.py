"""Mails to people, each with a text and an HTML part, and with a way out for those that repeat."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
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

# One thread a process: a slow mail server delays other mails, never an answer or a batch of usage.
postman = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail")


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
    if settings.MAIL_IN_BACKGROUND:
        postman.submit(deliver, *arguments, **options)
    else:
        deliver(*arguments, **options)


def compose(name: str, user: User, *, switch: str, **context: Any) -> EmailMultiAlternatives:
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
    message = EmailMultiAlternatives(subject, text.lstrip(), to=[user.email], headers=headers)
    message.attach_alternative(html, "text/html")
    return message


def _deliver(name: str, message: EmailMultiAlternatives) -> None:
    try:
        message.send()
    except Exception:
        logger.exception("the mail %s could not be sent", name)


def unsubscribe_path(user: User, switch: str) -> str:
    ticket = signing.dumps([user.pk, switch], salt=UNSUBSCRIBE_SALT)
    return reverse("unsubscribe", args=[ticket])


def read_unsubscribe(ticket: str) -> tuple[User, str]:
    """Whose mails of which switch a link turns off. Raises BadSignature or User.DoesNotExist."""
    pk, switch = signing.loads(ticket, salt=UNSUBSCRIBE_SALT)
    return User.objects.get(pk=pk), switch
