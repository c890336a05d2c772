"""What a page answers when something behind it, or we ourselves, fail."""

import logging
import sys

from django.db import connection
from django.http import HttpRequest, HttpResponse

from meetzy_tokens.database import AWAY
from meetzy_tokens.error_pages import error_page

logger = logging.getLogger(__name__)

RETRY_AFTER = "5"  # seconds
LAST_WORDS = "Something went wrong on our side. Try again in a moment.\n"


def server_error(request: HttpRequest) -> HttpResponse:
    """503 when the database is away, 500 for a fault of ours; this never fails itself."""
    try:
        if database_is_away():
            return unavailable(request)
        return error_page(request, "500", status=500)
    except Exception:
        logger.exception("the error page can't be shown either")
        return HttpResponse(LAST_WORDS, status=500, content_type="text/plain; charset=utf-8")


def database_is_away() -> bool:
    """Whether that is the exception which is being handled."""
    return isinstance(sys.exception(), AWAY)


def unavailable(request: HttpRequest) -> HttpResponse:
    connection.close()
    response = error_page(request, "503", status=503)
    response["Retry-After"] = RETRY_AFTER
    return response
