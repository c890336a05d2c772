"""What happened to a person's tokens."""

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.activity import Activity
from accounts.models import Kind
from accounts.views import SignedInRequest


@require_safe
def index(request: SignedInRequest) -> HttpResponse:
    activity = Activity.read(request.GET, request.user.zone)
    page = activity.page(request.user.token_events.all())
    context = {"activity": activity, "page": page, "kinds": Kind.choices}
    return render(request, "accounts/activity/index.html", context)


@require_safe
def export(request: SignedInRequest) -> StreamingHttpResponse:
    """Streamed."""
    activity = Activity.read(request.GET, request.user.zone)
    name = f"meetzy-token-activity-{timezone.localdate():%Y-%m-%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    lines = activity.csv_lines(request.user.token_events.all())
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)
