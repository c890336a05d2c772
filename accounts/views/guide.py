"""The developer guide: open to everyone, for the API's error answers link to it."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts import examples, guide
from accounts.expiry import Expiry
from accounts.throttling import BURST_QUOTA, MINUTE_QUOTA


@login_not_required
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """A tab of the account, or for strangers a page of its own."""
    site_url: str = settings.SITE_URL
    context = {
        "frame": "account.html" if request.user.is_authenticated else "base.html",
        "site_url": site_url,
        "variable": examples.VARIABLE,
        "examples": examples.first_call(site_url),
        "patient_calls": guide.patient_calls(site_url),
        "expiry_command": guide.expiry_command(site_url),
        "ignore_command": guide.IGNORE,
        "leaks_command": guide.LEAKS,
        "expiries": Expiry.labels,
        "minute_quota": MINUTE_QUOTA,
        "burst_quota": BURST_QUOTA,
        "troubles": guide.troubles(),
    }
    return render(request, "accounts/guide.html", context)
