"""Who is at work in the admin, and what the log says of it."""

from collections.abc import Sequence
from typing import cast

from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import Model
from django.http import HttpRequest

from accounts.models import User


def operator(request: HttpRequest) -> User:
    return cast("User", request.user)  # the admin lets nobody else in


def log_change(request: HttpRequest, changed: Sequence[Model], message: str) -> None:
    LogEntry.objects.log_actions(operator(request).pk, changed, CHANGE, message)
