"""What a page answers when something behind it is away."""

import sys

from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import requires_csrf_token

RETRY_AFTER = "5"  # seconds


@requires_csrf_token
def server_error(request: HttpRequest) -> HttpResponse:
    """503 and what to do when the database is away, 500 for a fault of ours."""
    if isinstance(sys.exception(), OperationalError | InterfaceError):
        connection.close()
        response = render(request, "503.html", status=503)
        response["Retry-After"] = RETRY_AFTER
        return response
    return render(request, "500.html", status=500)
