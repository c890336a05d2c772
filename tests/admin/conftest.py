"""Operators who may do this and not that."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import User
from tests.admin.places import Operator
from tests.conftest import PASSWORD, signed_in


@pytest.fixture
def operator(db: None) -> Operator:
    """`operator("view_apitoken")`: signed in, no superuser, with these permissions alone."""

    def operator(*permissions: str) -> Client:
        user = User.objects.create_user("olga@example.com", PASSWORD, name="Olga", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        return signed_in(user)

    return operator
