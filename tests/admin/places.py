"""Where things are in the admin, and what a list holds."""

from collections.abc import Callable
from typing import Any

from django.test import Client

from accounts.models import ApiToken, User

INDEX = "/admin/"
TOKENS = "/admin/accounts/apitoken/"
REVOKE = "/admin/accounts/apitoken/revoke/"
EVENTS = "/admin/accounts/tokenevent/"
POLICY = "/admin/accounts/tokenpolicy/1/change/"
USERS = "/admin/accounts/user/"

type Operator = Callable[..., Client]
type Response = Any  # what the test client adds to a response has no public type


def page_of(token: ApiToken, name: str = "change") -> str:
    return f"{TOKENS}{token.pk}/{name}/"


def page_of_user(user: User, name: str = "change") -> str:
    return f"{USERS}{user.pk}/{name}/"


def listed(response: Response) -> set[Any]:
    return set(response.context["cl"].queryset)
