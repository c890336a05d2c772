"""`/healthz`: which dependency is well, in words that hold no secret."""

from django.contrib.auth.decorators import login_not_required
from django.db import Error, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from accounts.models import ApiToken
from accounts.throttling import limiter
from meetzy_tokens import database


@login_not_required
@require_safe
def health(request: HttpRequest) -> JsonResponse:
    """200 while tokens can be checked, 503 otherwise; without Redis each process counts alone."""
    well = tokens_can_be_read()
    counters = limiter().state()
    body = {
        "status": "ok"
        if well and counters != "fallback"
        else "degraded"
        if well
        else "unavailable",
        "database": "ok" if well else "unreachable",
        "rate_limits": counters,
    }
    return JsonResponse(body, status=200 if well else 503)


def tokens_can_be_read() -> bool:
    try:
        database.read(ApiToken.objects.exists)
    except Error:
        connection.close()
        return False
    return True
