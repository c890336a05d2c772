"""What happened to a person's tokens."""

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.activity import Activity
from accounts.models import Kind
from accounts.views import SignedInRequest, csv_file


@require_safe
def index(request: SignedInRequest) -> HttpResponse:
    activity = Activity.read(request.GET, request.user.zone)
    page = activity.page(request.user.token_events.all())
    context = {"activity": activity, "page": page, "kinds": Kind.choices}
    return render(request, "accounts/activity/index.html", context)


@require_safe
def export(request: SignedInRequest) -> StreamingHttpResponse:
    activity = Activity.read(request.GET, request.user.zone)
    return csv_file("meetzy-token-activity", activity.csv_lines(request.user.token_events.all()))
