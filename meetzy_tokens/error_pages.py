"""What a page answers that can't be shown: in the product's look, and without the database."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def error_page(request: HttpRequest, name: str, *, status: int) -> HttpResponse:
    """Nobody's name and no messages: both would have to be looked up first."""
    context = {"user": None, "messages": None, "status": status}
    return render(request, f"{name}.html", context, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page(request, "400", status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page(request, "403", status=403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return error_page(request, "403_csrf", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page(request, "404", status=404)
