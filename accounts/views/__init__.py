"""Pages of the account area."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from accounts.models import User


class SignedInRequest(HttpRequest):
    """What a view gets that is not marked ``@login_not_required``."""

    user: User
    htmx: HtmxDetails
