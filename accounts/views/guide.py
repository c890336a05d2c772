"""The developer guide: open to everyone, for the API's error answers link to it."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@login_not_required
@require_safe
def guide(request: HttpRequest) -> HttpResponse:
    frame = "account.html" if request.user.is_authenticated else "base.html"
    return render(request, "accounts/guide.html", {"frame": frame})
