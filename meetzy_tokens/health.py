"""`/healthz`: which dependency is well, in words that hold no secret."""

from django.contrib.auth.decorators import login_not_required
from django.db import Error, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from accounts.throttling import limiter


@login_not_required
@require_safe
def health(request: HttpRequest) -> JsonResponse:
    """200 while tokens can be checked, 503 otherwise; without Redis each process counts alone."""
    database = database_state()
    counters = limiter().state()
    well = database == "ok"
    body = {
        "status": "ok" if well and counters != "fallback" else "degraded" if well else "unavailable",
        "database": database,
        "rate_limits": counters,
    }
    return JsonResponse(body, status=200 if well else 503)


def database_state() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        connection.close()
        return "unreachable"
    return "ok"
